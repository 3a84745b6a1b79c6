import Bytes
import Foundation
import TestSupport
import Testing

@testable import Credentials

/// JSON of providers.
@Suite struct KeyAnswerTests {
    private func read(_ text: String, _ form: KeyAnswer.Form) throws -> AccessKey {
        try KeyAnswer.read(Array(text.utf8).span, form)
    }

    private func refusal(_ text: String, _ form: KeyAnswer.Form) -> KeyAnswerError? {
        #expect(throws: KeyAnswerError.self) { try read(text, form) }
    }

    @Test func eachProvidersKeyIsRead() throws {
        let process = try read(Answers.process, .process)
        #expect(
            process
                == AccessKey(
                    accessKeyID: "ASIAPROCESS", secretAccessKey: "s/+", sessionToken: "t==",
                    expiryWallMicroseconds: Answers.expiry))
        #expect(try read(Answers.metadata, .metadata).accessKeyID == "ASIAROLE")
        #expect(try read(Answers.iot, .iot).expiryWallMicroseconds == Answers.expiry)
    }

    @Test func tokenAndExpirationMayBeAbsentEmptyOrNull() throws {
        let key = #""AccessKeyId":"i","SecretAccessKey":"s""#
        for rest in [
            "", #","SessionToken":"","Expiration":"""#, #","SessionToken":null,"Expiration":null"#,
            #","Extra":{"AccessKeyId":"other","a":[1,{}]}"#,
        ] {
            let read = try read(#"{"Version":1,\#(key)\#(rest)}"#, .process)
            #expect(read == AccessKey(accessKeyID: "i", secretAccessKey: "s"))
        }
    }

    @Test func eachRefusalNamesWhatIsWrongAndShowsNoValue() {
        let key = #""AccessKeyId":"i","SecretAccessKey":"geheim""#
        let cases: [(String, KeyAnswerError)] = [
            ("", .notUnderstood(offset: 0)), ("[]", .notUnderstood(offset: 0)),
            ("{\(key)}", .missing("Version")), (#"{"Version":"1",\#(key)}"#, .missing("Version")),
            (#"{"Version":2,\#(key)}"#, .version), (#"{"Version":1.0,\#(key)}"#, .version),
            (#"{"Version":1,"SecretAccessKey":"geheim"}"#, .missing("AccessKeyId")),
            (#"{"Version":1,"AccessKeyId":"i"}"#, .missing("SecretAccessKey")),
            (
                #"{"Version":1,"AccessKeyId":7,"SecretAccessKey":"geheim"}"#,
                .missing("AccessKeyId")
            ),
            (#"{"Version":1,\#(key)} x"#, .notUnderstood(offset: 63)),
            (#"{"Version":1,\#(key),"AccessKeyId":"j"}"#, .notUnderstood(offset: 63)),
            (
                #"{"Version":1,"AccessKeyId":"i","SecretAccessKey":"ge heim"}"#,
                .malformed("SecretAccessKey", "has a blank or a character outside ASCII")
            ),
            (
                #"{"Version":1,"AccessKeyId":"i","SecretAccessKey":"ge\nheim"}"#,
                .malformed("SecretAccessKey", "has a blank or a character outside ASCII")
            ),
            (
                #"{"Version":1,"AccessKeyId":"i","SecretAccessKey":"\uD800"}"#,
                .notUnderstood(offset: 50)
            ),
            (
                #"{"Version":1,\#(key),"Expiration":"tomorrow"}"#,
                .malformed("Expiration", "is no time such as 2025-07-15T17:10:33Z")
            ),
        ]
        for (text, wanted) in cases {
            let error = refusal(text, .process)
            if case .notUnderstood = wanted {
                if case .notUnderstood = error { continue }
                Issue.record("\(text): \(String(describing: error))")
            } else {
                #expect(error == wanted, "\(text)")
            }
            #expect(error.map { !$0.text.contains("heim") } ?? false)
        }
        #expect(refusal(#"{"Code":"Fail \u0000\n","a":1}"#, .metadata) == .refused(code: "Fail"))
        #expect(refusal(#"{"credentials":{}}"#, .iot) == .missing("accessKeyId"))
        #expect(refusal("{\(key)}", .iot) == .missing("accessKeyId"))
    }

    @Test func changedAnswersNeverTrapAndNeverGiveHalfAKey() throws {
        var random = SeededRandom()
        let letters = [UInt8](#"{}[]",:\/ue0123456789.-+EtrfalsnT"#.utf8)
        for round in 0..<6_000 {
            let forms: [(String, KeyAnswer.Form)] = [
                (Answers.process, .process), (Answers.metadata, .metadata), (Answers.iot, .iot),
            ]
            let (text, form) = forms[round % 3]
            var bytes = Array(text.utf8)
            bytes.mutate(alphabet: letters, &random)
            do throws(KeyAnswerError) {
                let key = try KeyAnswer.read(bytes.span, form)
                // Whatever is taken is JSON for Foundation too, and fit for a header.
                #expect(isJSON(bytes))
                for part in [key.accessKeyID, key.secretAccessKey, key.sessionToken ?? "-"] {
                    #expect(AccessKey.fault(of: part, limit: 8_192) == nil && !part.isEmpty)
                }
            } catch {
                #expect(!error.text.isEmpty)
            }
        }
    }

    private func isJSON(_ bytes: [UInt8]) -> Bool {
        // The scanner leaves it to its reader to ask for UTF-8, which only values need to be.
        guard String(validating: bytes, as: UTF8.self) != nil else { return true }
        do {
            _ = try JSONSerialization.jsonObject(with: Data(bytes))
            return true
        } catch {
            return false
        }
    }
}

/// Times in answers.
@Suite struct ExpiryTextTests {
    @Test func everySpellingOfAnInstantIsRead() {
        for text in [
            "2025-07-15T17:10:33Z", "2025-07-15T17:10:33z", "2025-07-15T17:10:33+00:00",
            "2025-07-15T17:10:33.000Z", "2025-07-15T19:10:33+02:00", "2025-07-15T19:10:33+0200",
            "2025-07-15T11:40:33-05:30", "2025-07-15T17:10:33.000000000Z",
            "2025-07-16T02:10:33.0000+09:00",
        ] {
            #expect(ExpiryText.wallMicroseconds(text) == Answers.expiry, "\(text)")
        }
        #expect(
            ExpiryText.wallMicroseconds("2025-07-15T17:10:33.123456789Z")
                == Answers.expiry + 123_456)
    }

    @Test func anythingElseIsNone() {
        for text in [
            "", "Z", "2025-07-15", "2025-07-15Z", "2025-07-15T17:10:33", "-2h", "tomorrow",
            "2025-07-15 17:10:33Z", "2025-13-15T17:10:33Z", "2025-07-15T25:10:33Z",
            "2025-07-15T17:10:33+24:00", "2025-07-15T17:10:33+1:00", "2025-07-15T17:10:33+aa:bb",
            "2025-07-15T17:10:33.x1Z", "2025-07-15T17:10:33.Z", "1752599433", "+00:00",
            "2025-07-15T17:10:33+00:00Z", String(repeating: "2025-07-15T", count: 99) + "Z",
        ] {
            #expect(ExpiryText.wallMicroseconds(text) == nil, "\(text)")
        }
    }

    @Test func whatIsReadAgreesWithFoundation() throws {
        var random = SeededRandom()
        let formatter = ISO8601DateFormatter()
        for _ in 0..<2_000 {
            let seconds = Int64.random(in: 0...4_102_444_800, using: &random)
            let minutes = Int.random(in: -720...840, using: &random)
            formatter.timeZone = TimeZone(secondsFromGMT: minutes * 60)
            let text = formatter.string(from: Date(timeIntervalSince1970: Double(seconds)))
            #expect(ExpiryText.wallMicroseconds(text) == seconds * 1_000_000, "\(text)")
            var bytes = Array(text.utf8)
            bytes.mutate(alphabet: Array("0123456789TZ+-:.".utf8), &random)
            _ = ExpiryText.wallMicroseconds(String(decoding: bytes, as: UTF8.self))
        }
    }
}
