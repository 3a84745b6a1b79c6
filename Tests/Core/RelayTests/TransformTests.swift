import Alarm
import Bytes
import Foundation
import Relay
import TestSupport
import Testing

/// What Firehose gets back.
struct TransformTests {
    private struct Item: Decodable, Equatable {
        let recordId: String
        let result: String
        let data: String

        var text: String { String(decoding: Data(base64Encoded: data) ?? Data(), as: UTF8.self) }
    }

    private func items(_ event: [UInt8], bytesMax: Int = TransformAnswer.bytesMax) throws -> [Item]
    {
        struct Answer: Decodable { let records: [Item] }
        let parsed = try FirehoseEvent(event.span)
        var answer = TransformAnswer(limits: RateLimits(), bytesMax: bytesMax)
        let body = appended(capacity: bytesMax) {
            answer.append(answerTo: parsed, event.span, to: &$0)
        }
        let items = try JSONDecoder().decode(Answer.self, from: Data(body)).records
        let counts = answer.counts
        #expect(counts.ok + counts.dropped + counts.failed == items.count)
        return items
    }

    @Test func aHeartRateGetsItsZoneAndOneLineFeed() throws {
        for (rate, zone) in [(144, "normal"), (145, "clearing"), (150, "clearing"), (151, "high")] {
            let text = Fixture.numbered(7, heartRate: rate)
            for end in ["", "\n", " \r\n\n"] {
                let items = try items(Fixture.firehose([Array((text + end).utf8)]))
                #expect(items[0].recordId == "r0" && items[0].result == "Ok")
                #expect(
                    items[0].text == String(text.dropLast()) + ",\"alarm_zone\":\"\(zone)\"}\n")
            }
        }
    }

    @Test func whatHasNoHeartRateOfAGatewayGoesAsItIs() throws {
        let texts = [
            Fixture.line.replacingOccurrences(of: "\"heart_rate\":89", with: "\"event\":\"gap\""),
            Fixture.patient,
        ]
        let items = try items(Fixture.firehose(texts.map { Array($0.utf8) }))
        #expect(items.map(\.text) == texts.map { $0 + "\n" })
    }

    @Test func everyRecordIsAnsweredOnceWithItsId() throws {
        let records = [Fixture.line, " \n", "bad", Fixture.line].map { Array($0.utf8) }
        let items = try items(Fixture.firehose(records))
        #expect(items.map(\.recordId) == ["r0", "r1", "r2", "r3"])
        #expect(items.map(\.result) == ["Ok", "Dropped", "ProcessingFailed", "Ok"])
        #expect(items[2].text == "bad", "what failed is kept as it came")
    }

    @Test func severalLinesGoTogether() throws {
        let both = Fixture.numbered(1) + "\n" + Fixture.numbered(2) + "\n"
        let bad = Fixture.numbered(1) + "\n{}\n"
        let items = try items(Fixture.firehose([Array(both.utf8), Array(bad.utf8)]))
        #expect(items.map(\.result) == ["Ok", "ProcessingFailed"])
        #expect(items[0].text.split(separator: "\n").count == 2)
    }

    @Test func aSendersOwnZoneIsRefused() throws {
        let text = Fixture.line.replacingOccurrences(
            of: "\"schema\"", with: "\"alarm_zone\":\"normal\",\"schema\"")
        #expect(try items(Fixture.firehose([Array(text.utf8)]))[0].result == "ProcessingFailed")
    }

    /// What does not fit fails alone, and the answer never passes its limit.
    @Test func anAnswerKeepsItsLimit() throws {
        let event = Fixture.firehose(Array(repeating: Array(Fixture.line.utf8), count: 40))
        for limit in [4_000, 6_001, 8_002, 20_000] {
            let items = try items(event, bytesMax: limit)
            let results = items.map(\.result)
            let isComplete = items.map(\.recordId) == (0..<40).map { "r\($0)" }
            #expect(isComplete)
            #expect(results.contains("ProcessingFailed") == (limit < 20_000))
            #expect(results.first == "Ok")
        }
    }

    /// The zone over every recording, against the reference without its delays.
    @Test(arguments: Recording.names)
    func zonesOfARecordingAreThoseOfTheBoard(_ name: String) throws {
        let rates = try Recording(name: name).rows.compactMap(\.beatsPerMinute)
        let items = try items(
            Fixture.firehose(
                rates.prefix(9_000).enumerated().map {
                    Array(Fixture.numbered($0.offset, heartRate: Int($0.element)).utf8)
                }))
        for (item, rate) in zip(items, rates) {
            let zone = rate > 150 ? "high" : rate < 145 ? "normal" : "clearing"
            #expect(item.text.contains("\"heart_rate\":\(rate),"))
            #expect(item.text.hasSuffix("\"alarm_zone\":\"\(zone)\"}\n"))
        }
    }

    @Test func changedEventsNeverTrap() throws {
        var random = SeededRandom()
        let whole = Fixture.firehose([
            Array(Fixture.line.utf8), Array("x".utf8), Array(Fixture.patient.utf8),
        ])
        let words = Array("{}[]\",:\\0123456789eE+-. truefalsn/=AZ\n".utf8)
        var answer = TransformAnswer(limits: RateLimits())
        for _ in 0..<4_000 {
            var event = whole
            event.mutate(alphabet: words, &random)
            guard let parsed = try? FirehoseEvent(event.span) else { continue }
            let body = appended(capacity: 1 << 16) {
                answer.append(answerTo: parsed, event.span, to: &$0)
            }
            #expect(
                (try? JSONSerialization.jsonObject(with: Data(body))) != nil,
                "seed \(random.seed)")
        }
    }
}
