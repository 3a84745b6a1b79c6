import Bytes
import Ingest
import RecordRing
import TestSupport
import Testing
import Vitals

/// Which forms are taken, and what a sender is told of the others.
struct PatientPostTests {
    private func changed(_ old: String, _ new: String) -> String {
        let text = goodForm.replacing(old, with: new)
        precondition(text != goodForm, "a change changes something")
        return text
    }

    @Test func aGoodFormIsRecordedAsItWasWritten() throws {
        let bytes = Array(goodForm.utf8)
        let form = try PatientPost.judge(bytes.span).get()
        #expect(String(decoding: form.name.bytes) == "p-17")
        #expect(form.timeMicroseconds == 1_752_599_432_500_000)
        let stats = form.payload(keyHash: 5)
        #expect(
            PatientQuantity.allCases.map { stats.units(of: $0) } == [
                991_000, 9_700, 366_500, 160_000, 725_000, 1_200_000, 800_000,
            ])
        #expect(
            line(record(.patientStats(stats), form.name.head))
                == #"{"timestamp":"2025-07-15T17:10:33.123456Z","patient":"p-17","#
                + #""time":"2025-07-15T17:10:32.500000Z","glucose_level":99.1,"#
                + #""oxygen_saturation":0.97,"body_temperature":36.65,"respiratory_rate":16.0,"#
                + #""heart_rate":72.5,"blood_pressure_systolic":120.0,"#
                + #""blood_pressure_diastolic":80.0,"device_id":"gym-7","seq":19,"#
                + #""session_id":"b1946ac9","clock":"synced","schema":1}"# + "\n")
    }

    @Test(arguments: [
        ("72.5", "72.12345", 721_235), ("72.5", "72.12344999", 721_234), ("72.5", "300", 3_000_000),
        ("72.5", "1", 10_000), ("72.5", "7.25e1", 725_000), ("72.5", "72500E-3", 725_000),
        ("72.5", "72.50000000000000000000000000", 725_000),
    ])
    func numbersAreExactToFourDecimals(_ old: String, _ new: String, _ units: Int64) throws {
        let bytes = Array(changed(old, new).utf8)
        let stats = try PatientPost.judge(bytes.span).get().payload(keyHash: 0)
        #expect(stats.units(of: .heartRate) == units)
    }

    @Test(arguments: [
        ("72.5", "300.00001", PostProblem.outOfRange, PostField.heartRate),
        ("72.5", "0.99999", .outOfRange, .heartRate), ("72.5", "1e999", .outOfRange, .heartRate),
        ("72.5", "-1e999", .outOfRange, .heartRate), ("72.5", "0", .outOfRange, .heartRate),
        ("72.5", "\"72.5\"", .wrongType, .heartRate), ("72.5", "null", .wrongType, .heartRate),
        ("72.5", "[72.5]", .wrongType, .heartRate), ("72.5", "{}", .wrongType, .heartRate),
        ("72.5", "true", .wrongType, .heartRate), ("0.97", "97", .outOfRange, .oxygenSaturation),
        ("0.97", "1.00001", .outOfRange, .oxygenSaturation),
        ("0.97", "-1e-400", .outOfRange, .oxygenSaturation),
        ("\"respiratory_rate\":16,", "", .missing, .respiratoryRate),
        ("\"patient\":\"p-17\",", "", .missing, .patient), ("\"p-17\"", "17", .wrongType, .patient),
        ("p-17", "", .empty, .patient), ("p-17", "a\\u0000b", .notAName, .patient),
        ("p-17", "\\ud800", .notAName, .patient), ("p-17", "\\u007F", .notAName, .patient),
        ("p-17", "123456789012345678901234567890123456é", .tooLong, .patient),
        ("2025-07-15T", "2025-02-30T", .notATime, .time), ("32.5Z", "32.5", .notATime, .time),
        ("2025-07-15T", "1969-07-15T", .notATime, .time), ("32.5Z", "60Z", .notATime, .time),
        ("\"2025-07-15T17:10:32.5Z\"", "1752599432", .wrongType, .time),
        (":80}", ":120}", .pressuresSwapped, .bloodPressureDiastolic),
        (":80}", ":119.99999}", .pressuresSwapped, .bloodPressureDiastolic),
        (":80}", ":80,\"heart_rate\":72.5}", .repeated, .heartRate),
        (":80}", ":80,\"heart\\u005frate\":72.5}", .repeated, .heartRate),
        (":80}", ":80,\"shoe_size\":43}", .unknownField, .none),
        (":80}", ":80,\"Heart_rate\":72}", .unknownField, .none),
    ])
    func aChangeMakesItNoForm(
        _ old: String, _ new: String, _ problem: PostProblem, _ field: PostField
    ) throws {
        let given = refusal(changed(old, new))
        let refusal = try #require(given)
        #expect(refusal.problem == problem && refusal.field == field)
        #expect(refusal.status == 422)
    }

    @Test(arguments: [
        ("", PostProblem.notJSON), ("{", .notJSON), ("nonsense", .notJSON), ("NaN", .notJSON),
        (goodForm + "x", .notJSON), (goodForm + goodForm, .notJSON), ("[]x", .notJSON),
        (goodForm.replacing("72.5", with: "NaN"), .notJSON),
        (goodForm.replacing("72.5", with: "072"), .notJSON),
        (goodForm.replacing("72.5", with: "Infinity"), .notJSON),
        (String(repeating: "[", count: 70), .notJSON), ("[]", .notAnObject), ("7", .notAnObject),
        ("null", .notAnObject), ("[" + goodForm + "]", .notAnObject), ("{}", .missing),
    ])
    func otherTextsAreNoForms(_ text: String, _ problem: PostProblem) throws {
        let given = refusal(text)
        let refusal = try #require(given)
        #expect(refusal.problem == problem)
        #expect(refusal.status == (problem == .notJSON ? 400 : 422))
    }

    @Test func bytesThatAreNoUTF8AreNoForm() throws {
        let bytes = Array(goodForm.utf8).map { $0 == UInt8(ascii: "-") ? 0xFF : $0 }
        #expect(refusal(bytes)?.problem == .notUTF8)
        #expect(errorLine(bytes).contains(#""payload":"7b22706174"#))
        #expect(errorLine(bytes).contains(#""payload_encoding":"hex""#))
    }

    @Test func nameOfAnyCharactersOf36BytesIsKeptWhole() throws {
        for text in [
            "6f9619ff-8b86-d011-b42d-00c04fc964ff", "Zoë", String(repeating: "é", count: 18),
            String(repeating: "𝄞", count: 9), "a" + String(repeating: "漢", count: 11),
            "\\ud834\\udd1e",
        ] {
            let bytes = Array(changed("p-17", text).utf8)
            let form = try PatientPost.judge(bytes.span).get()
            let expected = text.hasPrefix("\\") ? "𝄞" : text
            let written = line(record(.patientStats(form.payload(keyHash: 0)), form.name.head))
            #expect(written.contains("\"patient\":\"\(expected)\""), "\(written)")
        }
    }

    @Test func theSenderIsToldFieldValueAndRemedy() {
        let tooHigh = changed("72.5", "999")
        #expect(
            detail(tooHigh) == "heart_rate is 999; write a number from 1 to 300 beats per minute")
        #expect(pointer(tooHigh) == "/heart_rate")
        let unknown = changed(":80}", ":80,\"a/b~c\":1}")
        #expect(detail(unknown) == "a/b~c is no field of this form; leave it out")
        #expect(pointer(unknown) == "/a~1b~0c")
        #expect(
            detail(changed("\"heart_rate\":72.5,", ""))
                == "heart_rate is missing; write a number from 1 to 300 beats per minute")
        #expect(detail("{\"a\":1,}") == "the body is not JSON at byte 7: this is not expected here")
        #expect(pointer("{\"a\":1,}") == nil)
        let long = changed("72.5", "\"" + String(repeating: "é", count: 100) + "\"")
        #expect(detail(long).contains("éé...; write a number"))
    }

    @Test(arguments: [
        ("72.5", "999", #"\"heart_rate\":999,"#), ("72.5", "null", #"\"heart_rate\":null,"#),
        ("72.5", "\"72\"", #"\"heart_rate\":\"72\","#), ("72.5", "1e999", #"\"heart_rate\":1e999"#),
        ("\"heart_rate\":72.5,", "", #"\"respiratory_rate\":16,\"blood_pressure_systolic\":120"#),
        (":80}", ":120}", #"\"blood_pressure_diastolic\":120}"#),
        ("0.97", "1.00001", #"\"oxygen_saturation\":1.00001,"#), ("0.97", "-7.5", #":-7.5,"#),
        ("p-17", "6f9619ff-8b86-d011-b42d-00c", #"6f9619ff-8b86-d011-b42d-00c\","#),
        ("2025-07-15T17:10:32.5Z", "yesterday", #"\"time\":\"yesterday\","#),
    ])
    func aRefusedFormIsKeptWithAllItsFields(
        _ old: String, _ new: String, _ kept: String
    ) {
        var post = changed(old, new)
        if refusal(post) == nil { post = post.replacing("0.97", with: "-0.97") }
        let line = errorLine(Array(post.utf8))
        #expect(line.contains(kept), "\(line)")
        #expect(line.contains(#""payload":"{\"patient\":"#) && !line.contains("payload_cut"))
    }

    @Test func whatDoesNotFitIsItsFirstBytes() {
        let post = changed(":80}", ":80,\"shoe_size\":43}")
        let line = errorLine(Array(post.utf8))
        #expect(
            line.contains(
                #""payload":"{\"patient\":\"p-17\",\"time\":\"2025-07-15T17:10:3","#))
        #expect(line.contains("\"payload_cut\":true,\"payload_bytes\":\(post.utf8.count)"))
        #expect(line.contains(#""error_message":"a field that the form does not have""#))
    }
}
