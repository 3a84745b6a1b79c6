import Bytes
import RecordRing
import TestSupport
import Testing
import Vitals

/// Records of what was posted.
struct PostRecordTests {
    private func patient(_ text: String) throws -> PatientName {
        let bytes = Array(text.utf8)
        let name = PatientName(bytes.span)
        return try #require(name)
    }

    private func form(_ name: String = "6f9619ff-8b86-d011-b42d-00c04fc964ff") throws -> Record {
        let patient = try patient(name)
        var record = try exampleRecord()
        record.sensor = patient.head
        record.payload = .patientStats(
            PatientStats(
                of: patient, timeMicroseconds: 1_752_599_433_123_456, keyHash: 0x77_6655_4433_2211
            ) { quantity in
                switch quantity {
                case .glucoseLevel: 991_000
                case .oxygenSaturation: 9_700
                case .bodyTemperature: 366_500
                case .respiratoryRate: 160_000
                case .heartRate: 725_000
                case .bloodPressureSystolic: 1_200_000
                case .bloodPressureDiastolic: 800_000
                }
            })
        return record
    }

    @Test func aFormIsWrittenAndReadAsTheLayoutIsDrawn() throws {
        let record = try form()
        let bytes = slot(record)
        #expect(bytes[5] == 10)
        #expect(
            Array(bytes[52...])
                == hex(
                    "17 36663936313966662D386238362D643031312D62343264",  // name, 23 bytes
                    "8016A5DAFA390600",  // time
                    "181F0F00 E425",  // glucose, oxygen
                    "A49705 007102 08100B",  // temperature, respiration, heart rate
                    "804F12 00350C",  // pressures
                    "11223344556677",  // hash of the key
                    "2D303063303466633936346666 000000"))
        #expect(decode(bytes) == .success(record))
    }

    @Test func everyNameComesOutAsItWentIn() throws {
        var random = SeededRandom()
        for _ in 0..<2_000 {
            var text = ""
            while text.utf8.count < 30 || Bool.random(using: &random) {
                let next = ["a", "é", "漢", "𝄞", " "].randomElement(using: &random) ?? "a"
                guard text.utf8.count + next.utf8.count <= PatientName.limit else { break }
                text += next
            }
            guard case .success(let read) = decode(slot(try form(text))),
                case .patientStats(let stats) = read.payload, let name = stats.name(in: read)
            else {
                Issue.record("not read back: \(text), seed \(random.seed)")
                return
            }
            #expect(String(decoding: name.bytes) == text)
        }
    }

    @Test(arguments: ["", "1234567890123456789012345678901234567", "a\u{0}b", "\u{1F}", "\u{7F}"])
    func whatNobodyIsCalledIsNoName(_ text: String) {
        let bytes = Array(text.utf8)
        let name = PatientName(bytes.span)
        #expect(name == nil)
    }

    @Test func aFormThatASinkRefusesKeepsAllButTheEndOfALongName() throws {
        for (text, kept) in [
            ("p-17", "p-17"), ("6f9619ff-8b86-d011-b42d-00c04fc964ff", "6f9619ff-8b86-d011-b42d"),
        ] {
            let record = try form(text)
            var error = record
            error.payload = .rejection(
                Rejection(record, refusedBy: try name("search"), status: 400))
            guard case .success(let read) = decode(slot(error)),
                case .rejection(let rejection) = read.payload,
                let original = rejection.original(in: read),
                case .patientStats(let stats) = original.payload,
                case .patientStats(let before) = record.payload
            else {
                Issue.record("not read back: \(text)")
                return
            }
            #expect(rejection.isCut == (kept != text))
            #expect(String(decoding: rejection.sink.bytes) == "sea")
            let name = try #require(stats.name(in: original))
            #expect(String(decoding: name.bytes).hasPrefix(kept))
            #expect(stats.timeMicroseconds == before.timeMicroseconds)
            for quantity in PatientQuantity.allCases {
                #expect(stats.units(of: quantity) == before.units(of: quantity))
            }
        }
    }

    @Test func numbersBeyondTheirRangeAreNoForm() throws {
        let whole = slot(try form())
        for place in [(87, 0xFF), (89, 0xFF), (92, 0xFF), (95, 0xFF), (98, 0xFF), (101, 0xFF)] {
            var bytes = whole
            bytes[place.0] = UInt8(place.1)
            #expect(decode(sealed(bytes)) == .failure(.field(.patient)))
        }
        var bytes = whole
        bytes[127] = 0xFF
        #expect(decode(sealed(bytes)) == .failure(.field(.patient)))
    }

    @Test func aRefusedPostKeepsWholeCharactersOfItsBeginning() throws {
        for (text, kept) in [("é" + String(repeating: "é", count: 30), 44), ("x", 1), ("", 0)] {
            for lead in ["", "a"] {
                let post = Array((lead + text).utf8)
                let refused = RefusedPost(
                    post.span, to: .errorMessage, status: 400, problem: .notJSON, field: .none)
                var record = try exampleRecord()
                record.payload = .refusedPost(refused)
                #expect(decode(slot(record)) == .success(record))
                #expect(
                    refused.bytes.count
                        == min(post.count, kept + lead.count - (kept == 44 ? 2 * lead.count : 0)))
                #expect(refused.byteCount == post.count && refused.isText)
            }
        }
    }

    @Test func numbersOfAKeptFormComeOutAsTheyWentIn() throws {
        var random = SeededRandom()
        for _ in 0..<5_000 {
            var form = KeptForm()
            let units = Int64(bitPattern: random.next()) >> Int64.random(in: 4...60, using: &random)
            form.append(.heartRate, units: units)
            form.appendNull(.bloodPressureSystolic)
            #expect(!form.overflowed)
            let refused = RefusedPost(
                form, bytes: 70_000, status: 422, problem: .outOfRange, field: .heartRate)
            #expect(refused.byteCount == 65_535 && !refused.isCut)
            guard
                case .number(let mantissa, let decimals)? = KeptForm.value(
                    of: .heartRate, in: refused.bytes)
            else {
                Issue.record("\(units), seed \(random.seed)")
                return
            }
            var value = mantissa
            for _ in decimals..<4 { value *= 10 }
            #expect(value == units)
            #expect(KeptForm.value(of: .bloodPressureSystolic, in: refused.bytes) == .null)
            #expect(KeptForm.value(of: .glucoseLevel, in: refused.bytes) == nil)
        }
    }

    @Test func sealedFuzzNeverTrapsAndWhatIsAcceptedIsReadBack() throws {
        var random = SeededRandom()
        var form = KeptForm()
        form.append(patient: try patient("6f9619ff-8b86-d011-b42d-00c"))
        form.append(timeMicroseconds: 5)
        form.append(.heartRate, units: 9_990_000)
        let json = Array("\"abc\"".utf8)
        form.append(.bloodPressureSystolic, other: json.span)
        var whole = try exampleRecord()
        whole.payload = .refusedPost(
            RefusedPost(
                form, bytes: 200, status: 422, problem: .outOfRange, field: .heartRate))
        let message = Array("a message that is long enough to be cut somewhere".utf8)
        let (error, head) = PostedError.make(
            status: 500, message: message.span, payload: json.span)
        var posted = try exampleRecord()
        posted.sensor = head
        posted.payload = .postedError(error)
        let wholes = [slot(try self.form()), slot(whole), slot(posted)]
        for bytes in wholes { #expect(throws: Never.self) { try decode(bytes).get() } }
        var accepted = 0
        for round in 0..<60_000 {
            var bytes = wholes[round % wholes.count]
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                bytes[Int.random(in: 53..<128, using: &random)] = UInt8.random(
                    in: 0...255, using: &random)
            }
            guard case .success(let record) = decode(sealed(bytes)) else { continue }
            accepted += 1
            guard case .success(let again) = decode(slot(record)), again == record else {
                Issue.record("\(bytes), seed \(random.seed)")
                return
            }
        }
        #expect(accepted > 1_000)
    }
}
