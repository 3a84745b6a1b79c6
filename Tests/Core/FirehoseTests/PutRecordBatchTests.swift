import Bytes
import Firehose
import Foundation
import TestSupport
import Testing
import Uplink

/// The body of a PutRecordBatch request, to the byte and read back by another parser.
struct PutRecordBatchBodyTests {
    /// Writes as many of `records` as fit into `capacity` bytes. Answers their number and the
    /// finished body.
    private func body(
        of records: [[UInt8]], stream: String = "to-s3", capacity: Int = 1 << 16
    ) -> (fitted: Int, text: String) {
        var fitted = 0
        let text = appendedText(capacity: capacity) { body in
            let stream = Array(stream.utf8)
            PutRecordBatchBody.begin(stream: stream.span, in: &body)
            for record in records {
                let before = [UInt8](copying: body.bytes)
                let isTaken = PutRecordBatchBody.append(
                    record.span, isFirst: fitted == 0, to: &body)
                guard isTaken else {
                    #expect(
                        [UInt8](copying: body.bytes) == before,
                        "a record that does not fit leaves nothing")
                    break
                }
                fitted += 1
            }
            PutRecordBatchBody.finish(&body)
        }
        return (fitted, text)
    }

    private func readBack(_ text: String) throws -> (stream: String, records: [[UInt8]]) {
        let parsed = try JSONSerialization.jsonObject(with: Data(text.utf8))
        let object = try #require(parsed as? [String: Any])
        #expect(Set(object.keys) == ["DeliveryStreamName", "Records"])
        let entries = try #require(object["Records"] as? [[String: String]])
        let records = try entries.map { entry in
            #expect(Set(entry.keys) == ["Data"])
            return Array(try #require(entry["Data"].flatMap { Data(base64Encoded: $0) }))
        }
        return (try #require(object["DeliveryStreamName"] as? String), records)
    }

    @Test func twoRecordsAreTheDocumentedBody() {
        let result = body(of: [Array("foobar".utf8), Array("f".utf8)])
        #expect(result.fitted == 2)
        #expect(
            result.text
                == #"{"DeliveryStreamName":"to-s3","Records":["#
                + #"{"Data":"Zm9vYmFy"},{"Data":"Zg=="}]}"#)
    }

    @Test func randomRecordsAreReadBackByFoundation() throws {
        var random = SeededRandom()
        for _ in 0..<300 {
            let records = (0..<Int.random(in: 1...12, using: &random)).map { _ in
                random.bytes(Int.random(in: 0...70, using: &random))
            }
            let read = try readBack(body(of: records, stream: "s.1_-").text)
            #expect(read.stream == "s.1_-")
            #expect(read.records == records)
        }
    }

    /// One byte too few and the last record is left out; the exact number and it is in.
    @Test func capacityDecidesToTheByte() throws {
        let records = (0..<4).map { Array(repeating: UInt8($0), count: 10 + $0) }
        let lengths = (1...4).map { body(of: Array(records.prefix($0))).text.utf8.count }
        for capacity in body(of: []).text.utf8.count...lengths[3] + 2 {
            let result = body(of: records, capacity: capacity)
            #expect(result.fitted == lengths.filter { $0 <= capacity }.count, "\(capacity)")
            #expect(try readBack(result.text).records == Array(records.prefix(result.fitted)))
        }
    }

    @Test func fullRequestOfTheLongestLinesStaysWithinTheCallsLimit() {
        let line = Array(repeating: UInt8(0x31), count: 4_096)
        let records = Array(repeating: line, count: PutRecordBatchLimits.entries)
        let result = body(of: records, capacity: PutRecordBatchLimits.requestBytes)
        #expect(result.fitted == PutRecordBatchLimits.entries)
    }
}

/// What `PutRecordBatchAnswer` makes of `text` as the answer to a request of `entries` records.
func answer(
    _ text: [UInt8], entries: Int, capacity: Int = 8
) -> Result<[EntryResult], AnswerError> {
    var results = FixedArray<EntryResult>(capacity: capacity)
    do throws(AnswerError) {
        try PutRecordBatchAnswer.read(text.span, entries: entries, into: &results)
        return .success((0..<results.count).map { results[$0] })
    } catch {
        return .failure(error)
    }
}

func answer(_ text: String, entries: Int) -> Result<[EntryResult], AnswerError> {
    answer(Array(text.utf8), entries: entries)
}

/// The answer to PutRecordBatch: HTTP 200 is not success.
struct PutRecordBatchAnswerTests {
    static let good =
        #"{"FailedPutCount":0,"Encrypted":false,"RequestResponses":["#
        + #"{"RecordId":"a1"},{"RecordId":"b2"}]}"#
    static let partial =
        #"{"FailedPutCount":2,"RequestResponses":[{"RecordId":"a1"},"#
        + #"{"ErrorCode":"ServiceUnavailableException","ErrorMessage":"Slow down."},"#
        + #"{"ErrorCode":"InternalFailure","ErrorMessage":"Internal service failure."}]}"#

    @Test func everyRecordHasItsOwnResultInItsPlace() {
        #expect(answer(Self.good, entries: 2) == .success([.accepted, .accepted]))
        #expect(answer(Self.partial, entries: 3) == .success([.accepted, .throttled, .failed]))
    }

    @Test func recordIsAcceptedWithAnIdAndNoErrorCodeOnly() {
        let entries: [(String, EntryResult)] = [
            (#"{"RecordId":"1"}"#, .accepted),
            (#"{"RecordId":"1","ErrorCode":null,"ErrorMessage":null}"#, .accepted),
            (#"{"RecordId":"1","ErrorCode":"InternalFailure"}"#, .failed),
            (#"{"ErrorCode":"ServiceUnavailableException"}"#, .throttled),
            // The words of another service are none of this one's.
            (#"{"SequenceNumber":"1","ShardId":"s"}"#, .failed),
            (#"{"ErrorCode":"ProvisionedThroughputExceededException"}"#, .failed),
            (#"{"RecordId":""}"#, .failed), (#"{"RecordId":1}"#, .failed), ("{}", .failed),
        ]
        for (entry, result) in entries {
            #expect(
                answer("{\"RequestResponses\":[\(entry)]}", entries: 1) == .success([result]),
                "\(entry)")
        }
    }

    @Test func failedPutCountIsNotBelieved() {
        for count in ["0", "3", "-1", "null", "\"x\""] {
            let text =
                #"{"FailedPutCount":\#(count),"RequestResponses":["#
                + #"{"RecordId":"1"},{"ErrorCode":"InternalFailure"}]}"#
            #expect(answer(text, entries: 2) == .success([.accepted, .failed]))
        }
    }

    @Test func otherNumberOfResultsIsRefused() {
        for entries in [0, 1, 3, 500] {
            #expect(
                answer(Self.good, entries: entries)
                    == .failure(.wrongCount(expected: entries, actual: 2)))
        }
    }

    @Test func answerOfAnotherServiceOrCutAtAnyByteIsRefused() {
        var texts = [
            "", "{}", "[]", "null", "<html>", #"{"RequestResponses":null}"#,
            #"{"Records":[{"SequenceNumber":"1","ShardId":"s"}]}"#,
            #"{"RequestResponses":[{"RecordId":"1"}],"RequestResponses":[]}"#,
        ].map { Array($0.utf8) }
        for text in [Self.good, Self.partial].map({ Array($0.utf8) }) {
            texts += text.indices.map { Array(text[..<$0]) }
        }
        for text in texts {
            guard case .failure(.notUnderstood) = answer(text, entries: 2) else {
                Issue.record("taken: \(String(decoding: text, as: UTF8.self))")
                continue
            }
        }
    }

    /// Whatever comes, it does not trap, and what is accepted has one result a record.
    @Test func mutatedAndRandomAnswersNeverTrapAndNeverAcknowledgeMoreThanTheBatch() {
        var random = SeededRandom()
        let alphabet = Array(#"{}[]",:\u0RequestResponsesRecordId1ErrorCode null"#.utf8)
        let seeds = [Self.good, Self.partial].map { Array($0.utf8) }
        var understood = 0
        for round in 0..<60_000 {
            var text = seeds[round % 2]
            if round % 10 == 0 {
                text = random.bytes(Int.random(in: 0...200, using: &random))
            } else {
                text.mutate(alphabet: alphabet, &random)
            }
            let entries = 2 + round % 2
            guard case .success(let results) = answer(text, entries: entries) else { continue }
            understood += 1
            if results.count != entries {
                Issue.record("\(results.count) results: \(String(decoding: text, as: UTF8.self))")
            }
        }
        print("mutated answers: 60000 rounds, \(understood) understood")
        #expect(understood > 0 && understood < 60_000)
    }
}
