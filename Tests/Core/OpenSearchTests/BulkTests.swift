import Bytes
import Foundation
import OpenSearch
import TestSupport
import Testing
import Uplink

/// The body of a `_bulk` request: two lines a document.
struct BulkBodyTests {
    private func body(of documents: [String], ids: [String?], capacity: Int = 4_096) -> String {
        appendedText(capacity: capacity) { body in
            for (document, id) in zip(documents, ids) {
                let document = Array(document.utf8)
                let before = body.count
                let isTaken: Bool
                if let id {
                    let id = Array(id.utf8)
                    isTaken = BulkBody.append(document.span, id: id.span, to: &body)
                } else {
                    isTaken = BulkBody.append(document.span, id: nil, to: &body)
                }
                if isTaken { continue }
                let length = body.count
                #expect(length == before, "a document that does not fit leaves nothing")
                break
            }
        }
    }

    @Test func documentsAreCreatedUnderTheirIDs() {
        #expect(
            body(
                of: ["{\"a\":1}\n", "{\"b\":2}\n"], ids: ["gym-7:b1946ac9:0", "gym-7:b1946ac9:1"])
                    == """
                    {"create":{"_id":"gym-7:b1946ac9:0"}}
                    {"a":1}
                    {"create":{"_id":"gym-7:b1946ac9:1"}}
                    {"b":2}

                    """)
    }

    @Test func withoutAnIDTheServiceMakesOne() {
        #expect(body(of: ["{\"a\":1}\n"], ids: [nil]) == "{\"create\":{}}\n{\"a\":1}\n")
    }

    @Test func idWithQuotesStaysOneLineOfJSON() throws {
        let text = body(of: ["{}\n"], ids: ["a\"\\\n:1"])
        let lines = text.split(separator: "\n")
        #expect(lines.count == 2)
        let action = try JSONSerialization.jsonObject(with: Data(lines[0].utf8))
        #expect((action as? [String: [String: String]])?["create"]?["_id"] == "a\"\\\n:1")
    }

    @Test func capacityDecidesToTheByte() {
        let documents = (0..<3).map { "{\"n\":\($0)}\n" }
        let ids = (0..<3).map { "g:1:\($0)" }
        let lengths = (1...3).map { count in
            body(of: Array(documents.prefix(count)), ids: Array(ids.prefix(count))).utf8.count
        }
        for capacity in 1...lengths[2] + 1 {
            let text = body(of: documents, ids: ids, capacity: capacity)
            let fitted = lengths.count { $0 <= capacity }
            #expect(text.utf8.count { $0 == UInt8(ascii: "\n") } == 2 * fitted, "\(capacity)")
        }
    }
}

/// What `BulkAnswer` makes of `text` as the answer to a request of `entries` documents.
func answer(
    _ text: [UInt8], entries: Int, capacity: Int = 8
) -> Result<[EntryResult], AnswerError> {
    var results = FixedArray<EntryResult>(capacity: capacity)
    do throws(AnswerError) {
        try BulkAnswer.read(text.span, entries: entries, into: &results)
        return .success((0..<results.count).map { results[$0] })
    } catch {
        return .failure(error)
    }
}

func answer(_ text: String, entries: Int) -> Result<[EntryResult], AnswerError> {
    answer(Array(text.utf8), entries: entries)
}

/// The answer to `_bulk`: HTTP 200 is not success, and `errors` is not either.
struct BulkAnswerTests {
    /// As a server of OpenSearch 2 writes them, cut to what matters.
    static let good =
        #"{"took":30,"errors":false,"items":[{"create":{"_index":"heart_rate","_id":"g:1:0","#
        + #""_version":1,"result":"created","_shards":{"total":2,"successful":1,"failed":0},"#
        + #""_seq_no":0,"_primary_term":1,"status":201}},"#
        + #"{"create":{"_index":"heart_rate","_id":"g:1:1","status":201}}]}"#
    static let mixed =
        #"{"took":30,"errors":true,"items":[{"create":{"_id":"0","status":201}},"#
        + #"{"create":{"_id":"1","status":409,"error":{"type":"version_conflict_engine_exception","#
        + #""reason":"[1]: version conflict, document already exists (current version [1])"}}},"#
        + #"{"create":{"_id":"2","status":429,"error":{"type":"rejected_execution_exception"}}},"#
        + #"{"create":{"_id":"3","status":400,"error":{"type":"mapper_parsing_exception","#
        + #""reason":"failed to parse","caused_by":{"type":"x","status":201}}}},"#
        + #"{"create":{"_id":"4","status":503,"error":{"type":"unavailable_shards_exception"}}}]}"#

    private func items(_ statuses: [Int], errors: String) -> String {
        let items = statuses.enumerated().map { place, status in
            #"{"create":{"_id":"\#(place)","status":\#(status)}}"#
        }
        return #"{"took":1,"errors":\#(errors),"items":[\#(items.joined(separator: ","))]}"#
    }

    @Test func everyItemHasItsOwnResultInItsPlace() {
        #expect(answer(Self.good, entries: 2) == .success([.accepted, .accepted]))
        #expect(
            answer(Self.mixed, entries: 5)
                == .success([
                    .accepted, .accepted, .throttled, .rejected(status: 400), .failed,
                ]))
    }

    @Test func statusSaysWhatBecomesOfADocument() {
        let expected: [(Int, EntryResult)] = [
            (200, .accepted), (201, .accepted), (409, .accepted), (429, .throttled),
            (400, .rejected(status: 400)), (413, .rejected(status: 413)),
            (422, .rejected(status: 422)), (499, .rejected(status: 499)),
            // The index, the permission: not the document's fault.
            (401, .failed), (403, .failed), (404, .failed),
            (500, .failed), (502, .failed), (503, .failed), (599, .failed),
            (100, .failed), (302, .failed), (999, .failed),
        ]
        for (status, result) in expected {
            #expect(
                answer(items([status], errors: "true"), entries: 1) == .success([result]),
                "\(status)")
        }
    }

    /// `errors` is a short cut for those who do not look at the items.
    @Test func errorsIsNotBelieved() {
        for errors in ["false", "true", "null", "0", "\"no\"", "[]"] {
            #expect(
                answer(items([201, 400, 429], errors: errors), entries: 3)
                    == .success([.accepted, .rejected(status: 400), .throttled]), "\(errors)")
        }
    }

    @Test func itemWithoutAStatusHasFailed() {
        for item in ["{}", #"{"_id":"0"}"#, #"{"result":"created"}"#] {
            #expect(
                answer("{\"items\":[{\"create\":\(item)}]}", entries: 1) == .success([.failed]),
                "\(item)")
        }
    }

    @Test func otherNumberOfItemsIsRefused() {
        for entries in [0, 1, 3, 500] {
            #expect(
                answer(Self.good, entries: entries)
                    == .failure(.wrongCount(expected: entries, actual: 2)))
        }
        let many = items(Array(repeating: 201, count: 20), errors: "false")
        #expect(answer(many, entries: 8) == .failure(.wrongCount(expected: 8, actual: 20)))
    }

    @Test func answerCutAtAnyByteIsRefused() {
        for text in [Self.good, Self.mixed].map({ Array($0.utf8) }) {
            for length in text.indices {
                guard case .failure(.notUnderstood) = answer(Array(text[..<length]), entries: 2)
                else {
                    Issue.record("taken with \(length) bytes")
                    continue
                }
            }
        }
    }

    @Test func whatIsNoAnswerOrOfAnotherActionIsRefused() {
        let one = #"{"create":{"status":201}}"#
        let texts = [
            "", "null", "[]", "{}", "<html><body>Log in</body>", #"{"items":null}"#,
            #"{"items":{}}"#, #"{"items":[null]}"#, #"{"items":["201"]}"#, #"{"items":[{}]}"#,
            #"{"items":[{"index":{"status":201}}]}"#, #"{"items":[{"Create":{"status":201}}]}"#,
            #"{"items":[{"create":201}]}"#, #"{"items":[{"create":null}]}"#,
            #"{"items":[{"create":{"status":201},"index":{"status":201}}]}"#,
            #"{"items":[{"create":{"status":400,"status":201}}]}"#,
            #"{"items":[{"create":{"status":201,"status":400}}]}"#,
            #"{"items":[{"create":{"status":"201"}}]}"#,
            #"{"items":[{"create":{"status":2e2}}]}"#, #"{"items":[{"create":{"status":-20}}]}"#,
            #"{"items":[{"create":{"status":2010}}]}"#,
            #"{"items":[{"create":{"status":null}}]}"#,
            #"{"items":[\#(one)],"items":[\#(one)]}"#, #"{"items":[\#(one)]}x"#,
            #"{"response":{"items":[\#(one)]}}"#, #"{"Records":[{"SequenceNumber":"1"}]}"#,
        ]
        for text in texts {
            guard case .failure(.notUnderstood) = answer(text, entries: 1) else {
                Issue.record("taken: \(text)")
                continue
            }
        }
    }

    /// Whatever comes, it does not trap, and what is understood has one result a document.
    @Test func mutatedAndRandomAnswersNeverTrapAndNeverAcknowledgeMoreThanTheBatch() {
        var random = SeededRandom()
        let alphabet = Array(#"{}[]",:\u0itemscreatestatus20149error null"#.utf8)
        let seeds = [Self.good, Self.mixed].map { Array($0.utf8) }
        var understood = 0
        for round in 0..<60_000 {
            var text = seeds[round % 2]
            if round % 10 == 0 {
                text = random.bytes(Int.random(in: 0...200, using: &random))
            } else {
                text.mutate(alphabet: alphabet, &random)
            }
            let entries = round % 2 == 0 ? 2 : 5
            guard case .success(let results) = answer(text, entries: entries) else { continue }
            understood += 1
            if results.count != entries {
                Issue.record("\(results.count) results: \(String(decoding: text, as: UTF8.self))")
            }
        }
        print("mutated answers: 60000 rounds, \(understood) understood")
        #expect(understood > 0 && understood < 60_000)
    }

    @Test func deepNestingIsRefusedAndNeverTraps() {
        for depth in [1, 60, 64, 10_000] {
            let nested =
                String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
            let text = #"{"x":\#(nested),"items":[{"create":{"status":201}}]}"#
            let isTaken = answer(text, entries: 1) == .success([.accepted])
            #expect(isTaken == (depth < 64), "\(depth)")
        }
    }
}
