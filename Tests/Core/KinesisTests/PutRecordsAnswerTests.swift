import Bytes
import Kinesis
import TestSupport
import Testing
import Uplink

/// What `PutRecordsAnswer` makes of `text` as the answer to a request of `entries` entries.
func answer(
    _ text: [UInt8], entries: Int, capacity: Int = 8
) -> Result<[EntryResult], AnswerError> {
    var results = FixedArray<EntryResult>(capacity: capacity)
    do throws(AnswerError) {
        try PutRecordsAnswer.read(text.span, entries: entries, into: &results)
        return .success((0..<results.count).map { results[$0] })
    } catch {
        return .failure(error)
    }
}

func answer(_ text: String, entries: Int) -> Result<[EntryResult], AnswerError> {
    answer(Array(text.utf8), entries: entries)
}

extension Result {
    /// The failure, if it is one.
    var failure: Failure? {
        if case .failure(let failure) = self { failure } else { nil }
    }
}

/// The answer to PutRecords: HTTP 200 is not success.
struct PutRecordsAnswerTests {
    static let good =
        #"{"FailedRecordCount":0,"Records":["#
        + #"{"SequenceNumber":"495","ShardId":"shardId-000000000000"},"#
        + #"{"SequenceNumber":"496","ShardId":"shardId-000000000001"}],"EncryptionType":"KMS"}"#
    static let partial =
        #"{"FailedRecordCount":2,"Records":["#
        + #"{"SequenceNumber":"1","ShardId":"s"},"#
        + #"{"ErrorCode":"ProvisionedThroughputExceededException","ErrorMessage":"Rate \"x\""},"#
        + #"{"ErrorCode":"InternalFailure","ErrorMessage":"Internal service failure."}]}"#

    @Test func everyEntryAccepted() {
        #expect(answer(Self.good, entries: 2) == .success([.accepted, .accepted]))
    }

    @Test func everyEntryHasItsOwnResultInItsPlace() {
        #expect(answer(Self.partial, entries: 3) == .success([.accepted, .throttled, .failed]))
    }

    @Test func entryIsAcceptedWithASequenceNumberAndNoErrorCodeOnly() {
        let entries: [(String, EntryResult)] = [
            (#"{"SequenceNumber":"1","ShardId":"s"}"#, .accepted),
            (#"{"SequenceNumber":"1","ErrorCode":null,"ErrorMessage":null}"#, .accepted),
            (#"{"ErrorCode":null,"SequenceNumber":"1"}"#, .accepted),
            (#"{"New":{"ErrorCode":"x","a":[1,{}]},"SequenceNumber":"1"}"#, .accepted),
            (#"{"SequenceNumber":"1","ErrorCode":"InternalFailure"}"#, .failed),
            (#"{"ErrorCode":"SomethingNew"}"#, .failed),
            (#"{"ErrorCode":"InternalFailure","SequenceNumber":null,"ShardId":null}"#, .failed),
            (#"{"ErrorCode":"ProvisionedThroughputExceededException"}"#, .throttled),
            (#"{"SequenceNumber":null,"ErrorCode":null}"#, .failed),
            (#"{"SequenceNumber":""}"#, .failed),
            (#"{"SequenceNumber":1}"#, .failed),
            (#"{"SequenceNumber":{"SequenceNumber":"1"}}"#, .failed),
            (#"{"sequencenumber":"1"}"#, .failed),
            (#"{"ShardId":"s"}"#, .failed),
            ("{}", .failed),
        ]
        for (entry, result) in entries {
            #expect(
                answer("{\"Records\":[\(entry)]}", entries: 1) == .success([result]), "\(entry)")
        }
    }

    @Test func failedRecordCountIsNotBelieved() {
        for count in ["0", "3", "-1", "null", "\"x\"", "1e9", "[]"] {
            let text =
                #"{"FailedRecordCount":\#(count),"Records":["#
                + #"{"SequenceNumber":"1"},{"ErrorCode":"InternalFailure"}]}"#
            #expect(answer(text, entries: 2) == .success([.accepted, .failed]))
        }
        #expect(
            answer(#"{"Records":[{"SequenceNumber":"1"}]}"#, entries: 1) == .success([.accepted]))
    }

    @Test func blanksAndUnknownFieldsAndOtherOrderAreTaken() {
        let text =
            " {\"A\": [[{}]] ,\r\n\t\"Records\" : [ {\"B\":\"\\u00e9\\\"\", "
            + "\"SequenceNumber\" : \"1\" } ] , \"FailedRecordCount\" : 0 } \n"
        #expect(answer(text, entries: 1) == .success([.accepted]))
    }

    @Test func otherNumberOfResultsIsRefused() {
        for entries in [0, 1, 3, 500] {
            #expect(
                answer(Self.good, entries: entries).failure
                    == .wrongCount(expected: entries, actual: 2))
        }
        #expect(
            answer(#"{"Records":[]}"#, entries: 1).failure == .wrongCount(expected: 1, actual: 0))
    }

    @Test func moreResultsThanTheListHoldsAreCountedAndRefused() {
        let entries = Array(repeating: #"{"SequenceNumber":"1"}"#, count: 20)
        let text = "{\"Records\":[\(entries.joined(separator: ","))]}"
        #expect(answer(text, entries: 8).failure == .wrongCount(expected: 8, actual: 20))
    }

    @Test func recordsGivenTwiceAreRefused() {
        let one = #"[{"SequenceNumber":"1"}]"#
        let other = #"[{"ErrorCode":"InternalFailure"}]"#
        for (first, second) in [(one, other), (other, one), (one, one), (one, "null")] {
            let text = #"{"Records":\#(first),"Records":\#(second)}"#
            guard case .notUnderstood = answer(text, entries: 1).failure else {
                Issue.record("taken: \(text)")
                continue
            }
        }
    }

    @Test func answerCutAtAnyByteIsRefused() {
        for text in [Self.good, Self.partial] {
            let bytes = Array(text.utf8)
            for length in 0..<bytes.count {
                guard case .notUnderstood = answer(Array(bytes[..<length]), entries: 2).failure
                else {
                    Issue.record("taken with \(length) bytes")
                    continue
                }
            }
        }
    }

    @Test func whatIsNoAnswerIsRefused() {
        let texts = [
            "", " ", "null", "[]", "{}", "true", "0", "\"Records\"", "<html><body>Log in</body>",
            "OK", #"{"Records":null}"#, #"{"Records":{}}"#, #"{"Records":[null]}"#,
            #"{"Records":["1"]}"#, #"{"Records":[[]]}"#, #"{"Records":"1"}"#,
            #"{"records":[{"SequenceNumber":"1"}]}"#,
            #"{"Records":[{"SequenceNumber":"1"}]}x"#, #"{"Records":[{"SequenceNumber":"1"}]}{}"#,
            #"{"Records":[{"SequenceNumber":"1"},]}"#, #"{"Records":[{"SequenceNumber":"1",}]}"#,
            #"[{"Records":[{"SequenceNumber":"1"}]}]"#,
            #"{"Wrap":{"Records":[{"SequenceNumber":"1"}]}}"#,
            "{\"Records\":[{\"SequenceNumber\":\"1\u{0}\"}]}",
            "\u{feff}" + #"{"Records":[{"SequenceNumber":"1"}]}"#,
        ]
        for text in texts {
            guard case .notUnderstood = answer(text, entries: 1).failure else {
                Issue.record("taken: \(text)")
                continue
            }
        }
    }

    @Test func deepNestingIsRefusedAndNeverTraps() {
        for depth in [10, 61, 62, 63, 64, 10_000] {
            let nested = String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
            let text = #"{"Deep":\#(nested),"Records":[{"SequenceNumber":"1"}]}"#
            let isTaken = answer(text, entries: 1).failure == nil
            #expect(isTaken == (depth <= 63), "\(depth)")
        }
    }

    /// Bytes changed, cut, repeated, swapped: whatever comes, it does not trap, and what is
    /// accepted has one result an entry.
    @Test func mutatedAnswersNeverTrapAndNeverGiveAnotherNumberOfResults() {
        var random = SeededRandom()
        let alphabet = Array(#"{}[]",:\u0Records1SequenceNumberErrorCode null"#.utf8)
        let seeds = [Self.good, Self.partial].map { Array($0.utf8) }
        var accepted = 0
        for round in 0..<100_000 {
            var text = seeds[round % 2]
            text.mutate(alphabet: alphabet, &random)
            let entries = 2 + round % 2
            guard case .success(let results) = answer(text, entries: entries) else { continue }
            accepted += 1
            if results.count != entries {
                Issue.record("\(results.count) results: \(String(decoding: text, as: UTF8.self))")
            }
        }
        print("mutated answers: 100000 rounds, \(accepted) accepted")
        #expect(accepted > 0 && accepted < 100_000)
    }
}
