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
