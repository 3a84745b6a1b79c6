import Query
import TestSupport
import Testing
import Time

/// What a bucket of one sensor should say, worked out the long way.
struct ExpectedBucket: Equatable, CustomStringConvertible {
    var begin: Int64
    var sensor: String
    var values: [UInt16]

    var description: String {
        let time = appendedText { $0.append(timestamp: begin) }
        let most = values.max() ?? 0
        let least = values.min() ?? 0
        return "{\"time\":\"\(time)\",\"sensor\":\"\(sensor)\",\"last\":\(values.last ?? 0),"
            + "\"max\":\(most),\"min\":\(least),\"count\":\(values.count)}"
    }

    /// The buckets of these heart rates, whose times are in order: by time, then by the first
    /// value of each sensor.
    static func of(
        _ beats: [(time: Int64, sensor: String, value: UInt16)], length: Int64
    ) -> [ExpectedBucket] {
        var buckets: [ExpectedBucket] = []
        for beat in beats {
            let begin = Int64((Double(beat.time) / Double(length)).rounded(.down)) * length
            let place = buckets.firstIndex { $0.begin == begin && $0.sensor == beat.sensor }
            if let place {
                buckets[place].values.append(beat.value)
            } else {
                buckets.append(
                    ExpectedBucket(begin: begin, sensor: beat.sensor, values: [beat.value]))
            }
        }
        return buckets.enumerated()
            .sorted { ($0.element.begin, $0.offset) < ($1.element.begin, $1.offset) }
            .map(\.element)
    }
}

struct BucketTests {
    @Test func bucketsAreAlignedTo1970() throws {
        var ring = RingModel(slotCount: 64)
        for (offset, value) in [(-1, 60), (0, 70), (4_999_999, 75), (5_000_000, 71)] {
            ring.append(try beat(UInt16(value), wall: hour + Int64(offset)))
        }
        let answer = ring.answer(try query(("bucket", "5s")))
        #expect(
            answer.lines == [
                #"{"time":"2025-07-15T16:59:55.000000Z","sensor":"strap-1","last":60,"max":60,"#
                    + #""min":60,"count":1}"#,
                #"{"time":"2025-07-15T17:00:00.000000Z","sensor":"strap-1","last":75,"max":75,"#
                    + #""min":70,"count":2}"#,
                #"{"time":"2025-07-15T17:00:05.000000Z","sensor":"strap-1","last":71,"max":71,"#
                    + #""min":71,"count":1}"#,
            ])
    }

    @Test func timesBefore1970LieBehindTheBeginningOfTheirBucket() throws {
        var ring = RingModel(slotCount: 64)
        ring.append(try beat(60, wall: -1))
        ring.append(try beat(61, wall: 0))
        let answer = ring.answer(try query(("bucket", "1h")))
        #expect(
            answer.lines.map { $0.prefix(29) } == [
                #"{"time":"1969-12-31T23:00:00."#, #"{"time":"1970-01-01T00:00:00."#,
            ])
    }

    @Test func sensorsThatInterleaveAreSortedByTime() throws {
        var random = SeededRandom()
        for _ in 0..<20 {
            var ring = RingModel(slotCount: 4_096)
            var beats: [(time: Int64, sensor: String, value: UInt16)] = []
            var time = hour + Int64.random(in: 0..<3_600 * second, using: &random)
            let sensors = Int.random(in: 1...64, using: &random)
            for _ in 0..<Int.random(in: 1...2_000, using: &random) {
                time += Int64.random(in: 0..<2 * second, using: &random)
                let sensor = "s\(Int.random(in: 0..<sensors, using: &random))"
                let value = UInt16.random(in: 25...250, using: &random)
                beats.append((time, sensor, value))
                ring.append(try beat(value, of: sensor, wall: time))
            }
            let seconds = Int64.random(in: 1...120, using: &random)
            let answer = ring.answer(try query(("bucket", "\(seconds)s")))
            let expected = ExpectedBucket.of(beats, length: seconds * second)
            #expect(answer.lines == expected.map(\.description))
        }
    }

    @Test func clockSetBackByLessThanABucketMakesNoSecondOne() throws {
        var ring = RingModel(slotCount: 64)
        let times = [0, 4, 5, 4, 6, 3, 9, 10]
        for (index, offset) in times.enumerated() {
            ring.append(try beat(UInt16(60 + index), wall: hour + Int64(offset) * second))
        }
        let answer = ring.answer(try query(("bucket", "5s")))
        #expect(
            answer.lines.map { $0.suffix(39) } == [
                #","last":65,"max":65,"min":60,"count":4}"#.suffix(39),
                #","last":66,"max":66,"min":62,"count":3}"#.suffix(39),
                #","last":67,"max":67,"min":67,"count":1}"#.suffix(39),
            ])
    }

    @Test func clockSetBackFurtherBeginsTheBucketsAgain() throws {
        var ring = RingModel(slotCount: 64)
        for offset in [0, 30, 60, 0, 30, 60] as [Int64] {
            ring.append(try beat(70, wall: hour + offset * second))
        }
        let answer = ring.answer(try query(("bucket", "5s")))
        #expect(
            answer.lines.map { $0.dropFirst(20).prefix(8) } == [
                "17:00:00", "17:00:30", "17:01:00", "17:00:00", "17:00:30", "17:01:00",
            ])
    }

    @Test func sensorsBeyondTheTableAreLeftOutAndSaid() throws {
        var ring = RingModel(slotCount: 256)
        for sensor in 0..<66 { ring.append(try beat(70, of: "s\(sensor)", wall: hour)) }
        ring.append(try beat(71, of: "s65", wall: hour + 5 * second))
        let lines = ring.answer(try query(("bucket", "5s"))).lines
        #expect(lines.count == 66)
        #expect(lines[63].contains("\"s63\""))
        #expect(lines[64].contains("\"s65\""))
        #expect(lines[65] == #"{"event":"gap","reason":"too_many_sensors","count":2}"#)
    }

    @Test func whatIsNoHeartRateIsInNoBucket() throws {
        var ring = RingModel(slotCount: 64)
        ring.append(try gap(wall: hour))
        ring.append(try beat(70, wall: hour))
        #expect(ring.answer(try query(("bucket", "5s"))).lines.count == 1)
    }

    @Test func tableOfBucketsAsCSV() throws {
        var ring = RingModel(slotCount: 64)
        ring.append(try beat(70, of: "a,\"b", wall: hour))
        ring.append(try beat(72, of: "a,\"b", wall: hour))
        #expect(
            ring.answer(try query(("bucket", "1min"), ("format", "csv"))) == """
                time,sensor,last,max,min,count,gap_reason,gap_count,gap_first_seq
                2025-07-15T17:00:00.000000Z,"a,""b",72,72,70,2,,,

                """)
    }

    @Test func longestBucketsFitIntoTheBuffer() throws {
        var ring = RingModel(slotCount: 4_096)
        for index in 0..<2_000 {
            // Names of control characters, six bytes each in JSON.
            let number = index % 128
            let name =
                String(repeating: "\u{1}", count: 21) + String(number / 16, radix: 36)
                + String(number % 16, radix: 36)
            ring.append(
                try beat(65_535, of: name, wall: hour + Int64(index / 64) * 5 * second))
        }
        let answer = ring.answer(try query(("bucket", "5s")))
        #expect(answer.lines.count == 2_000)
        #expect((answer.lines.map(\.utf8.count).max() ?? 0) <= 256)
    }
}
