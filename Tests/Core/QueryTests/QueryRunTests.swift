import Bytes
import Query
import RecordRing
import TestSupport
import Testing
import Time
import WireFormat

struct QueryRunTests {
    private func json(_ records: [Record]) -> [String] {
        let device = device
        return records.map { record in
            String(appendedText { $0.append(json: record, device: device.span) }.dropLast())
        }
    }

    /// A ring of random sessions, clock steps, boots without a clock, sensors, kinds and damage,
    /// and the instants that lie in it.
    private func randomRing(_ random: inout SeededRandom) throws -> RingModel {
        var ring = RingModel(slotCount: UInt64.random(in: 40...3_000, using: &random))
        var session: UInt32 = 0
        var boot: UInt64 = 0
        var offset = hour
        var offsets = [offset]
        var monotonic: Int64 = 0
        var clock = ClockState.synced
        for _ in 0..<Int.random(in: 0...6_000, using: &random) {
            switch Int.random(in: 0..<1_000, using: &random) {
            case 0..<3:
                session += 1
                boot += 1
                monotonic = Int64.random(in: 0..<60 * second, using: &random)
                clock = Bool.random(using: &random) ? .synced : .unsynced
                offset = clock == .synced ? hour + Int64(session) * 900 * second : 0
                offsets.append(offset)
                if clock == .unsynced, Bool.random(using: &random) {
                    ring.notes.note(
                        BootTime(
                            boot: BootID(high: 0, low: boot),
                            offsetMicroseconds: hour + Int64(session) * 900 * second))
                }
            case 3: session += 1
            case 4..<6:
                // A step that is taken back is the one thing that a search does not see.
                let earlier = offsets
                while earlier.contains(where: { abs($0 - offset) < 20 * second }) {
                    offset += Int64.random(in: -7_200...7_200, using: &random) * second
                }
                offsets.append(offset)
            case 6..<10: ring.skip()
            default: break
            }
            monotonic += Int64.random(in: 0..<3 * second, using: &random)
            let sensor = "strap-\(Int.random(in: 1...3, using: &random))"
            var record = try beat(
                UInt16.random(in: 25...250, using: &random), of: sensor,
                wall: monotonic + offset, monotonic: monotonic, boot: boot, session: session,
                clock: clock)
            if Int.random(in: 0..<50, using: &random) == 0 { record.payload = exampleGap }
            ring.append(record)
        }
        return ring
    }

    @Test func answersWhatALookAtEveryRecordFinds() throws {
        var random = SeededRandom()
        var found = 0
        for _ in 0..<150 {
            var ring = try randomRing(&random)
            let records = ring.records
            let times = records.map(\.time.wallMicroseconds)
            let one = (times.randomElement(using: &random) ?? hour) / second
            let other = one + Int64.random(in: 1...4_000, using: &random)
            let sensor = Bool.random(using: &random) ? "strap-2" : nil
            let limit = Bool.random(using: &random) ? Int.random(in: 1...500, using: &random) : nil
            var asked = try query(("from", text(one)), ("to", text(other)))
            if let sensor { try asked.set("sensor", to: sensor, now: 0) }
            if let limit { try asked.set("limit", to: "\(limit)", now: 0) }
            let expected = records.filter { record in
                let time = record.time.wallMicroseconds
                guard time >= one * second, time < other * second else { return false }
                guard let sensor else { return true }
                if case .gap = record.payload { return false }
                return record.sensor == SensorName(sensor)
            }
            let answer = ring.answer(asked).lines
            let wanted = json(Array(expected.prefix(limit ?? expected.count)))
            let difference = zip(answer, wanted).first { $0 != $1 }
            #expect(difference == nil && answer.count == wanted.count)
            found += answer.count
        }
        #expect(found > 1_000, "the queries find something")
    }

    private func gapLine(_ reason: String, _ first: Int, _ last: Int) -> String {
        "{\"event\":\"gap\",\"reason\":\"\(reason)\",\"count\":\(last - first + 1),"
            + "\"first_seq\":\(first),\"last_seq\":\(last)}"
    }

    /// An instant as a query says it.
    private func text(_ seconds: Int64) -> String {
        appendedText { $0.append(timestamp: seconds * second) }
    }

    @Test func searchOfABigRingLooksAtFewPages() throws {
        var ring = RingModel(slotCount: 200_000)
        for index in 0..<250_000 {
            let restart = Int64(index / 50_000)
            ring.append(
                try beat(
                    70, wall: hour + Int64(index) * second + restart * 600 * second,
                    session: UInt32(restart)))
        }
        let from = hour + 201_000 * second + 2_400 * second
        let answer = ring.answer(
            try query(
                ("from", text(from / second)), ("to", text(from / second + 600))))
        #expect(answer.lines.count == 600)
        #expect(ring.reads < 100, "five sessions, eighteen halvings: \(ring.reads) reads")
        #expect(ring.slotsRead < 5_000, "\(ring.slotsRead) slots")
    }

    @Test func boardWithoutAClockDoesNotHideWhatLiesAround() throws {
        // A binary search would look at the middle, find 1970 and turn right.
        var ring = RingModel(slotCount: 8_192)
        try ring.append(60, seconds: 0..<2_000)
        for index in 0..<4_000 {
            ring.append(
                try beat(61, wall: Int64(index) * second, boot: 2, session: 2, clock: .unsynced))
        }
        for index in 0..<2_000 {
            ring.append(
                try beat(62, wall: hour + Int64(7_200 + index) * second, boot: 3, session: 3))
        }
        let all = ring.records.filter { $0.time.wallMicroseconds >= hour + 1_990 * second }
        let asked = try query(("from", text(hour / second + 1_990)))
        #expect(ring.answer(asked).lines == json(all))
        #expect(all.count == 2_010)
        // When the boot's time becomes known, its records are found there.
        ring.notes.note(
            BootTime(
                boot: BootID(high: 0, low: 2), offsetMicroseconds: hour + 2_100 * second))
        #expect(ring.answer(asked).lines.count == 6_010)
    }

    @Test func recordsThatComeMeanwhileAreNotInTheAnswer() throws {
        var ring = RingModel(slotCount: 1_000)
        try ring.append(70, seconds: 0..<300)
        let before = json(ring.records)
        let answer = try ring.answer(RecordQuery()) { ring, _ in
            ring.append(try beat(99, wall: hour + 400 * second))
        }
        #expect(answer.lines == before)
    }

    @Test func recordsThatAreOverwrittenMeanwhileAreSaid() throws {
        var ring = RingModel(slotCount: 1_000)
        try ring.append(70, seconds: 0..<1_000)
        // Read so far: 0 to 255. Then the ring goes over 0 to 599.
        let answer = try ring.answer(RecordQuery()) { ring, reads in
            guard reads == 1 else { return }
            for index in 0..<600 {
                ring.append(try beat(99, wall: hour + Int64(1_000 + index) * second))
            }
        }
        let lines = answer.lines
        #expect(lines.count == 256 + 1 + 400)
        #expect(
            lines[256]
                == gapLine("overwritten", 256, 599))
        #expect(lines[255].contains(#""seq":255,"#))
        #expect(lines[257].contains(#""seq":600,"#))
    }

    @Test func slotsWrittenBetweenTheQuestionAndTheReadAreSaidToo() throws {
        var ring = RingModel(slotCount: 300)
        try ring.append(70, seconds: 0..<300)
        // What is read is of the next lap, and the reader was not told.
        let stale = ring.cursor
        try ring.append(99, seconds: 300..<310)
        var out = FixedBuffer(capacity: QueryRun.bufferBytes)
        var run = QueryRun()
        run.begin(
            RecordQuery(), cursor: stale, notes: ClockNotes(), device: device, into: &out)
        let asked = run.nextRead(oldest: 0)
        let read = try #require(asked)
        var bytes: [UInt8] = []
        for slot in 0..<read.count { bytes += ring.slots[slot] }
        run.take(bytes.span, from: 0, into: &out)
        let lines = String(decoding: out.bytes).lines
        #expect(
            lines.first
                == gapLine("overwritten", 0, 9))
        #expect(lines.count == 247)
    }

    @Test func fullRingThatGoesOnIsNoGapBeforeTheRange() throws {
        var ring = RingModel(slotCount: 3_000)
        try ring.append(70, seconds: 0..<4_000)
        let asked = try query(("from", text(hour / second + 3_900)))
        let answer = try ring.answer(asked) { ring, _ in
            ring.append(try beat(99, wall: hour + 4_000 * second))
        }
        #expect(answer.lines.count == 100)
        #expect(!answer.contains("gap"))
    }

    @Test func damagedSlotsAreSaidWhereTheyLie() throws {
        var ring = RingModel(slotCount: 1_000)
        try ring.append(70, seconds: 0..<600)
        ring.damage(100)
        ring.damage(101)
        // A kind that a newer version writes.
        ring.rewrite(102, byte: 5, to: 200)
        ring.damage(599)
        let lines = ring.answer(RecordQuery()).lines
        #expect(lines.count == 596 + 3)
        #expect(
            lines[100]
                == gapLine("unreadable", 100, 101)
        )
        #expect(
            lines[101]
                == gapLine("unknown", 102, 102))
        #expect(
            lines.last
                == gapLine("unreadable", 599, 599)
        )
        let early = ring.answer(try query(("to", text(hour / second + 50))))
        #expect(!early.contains("gap"))
    }

    @Test func recordsThatNeverReachedTheCardArePassedOver() throws {
        var ring = RingModel(slotCount: 100)
        for index in 0..<150 {
            if index % 10 == 3 {
                ring.skip()
            } else {
                ring.append(try beat(70, wall: hour + Int64(index) * second))
            }
        }
        let answer = ring.answer(RecordQuery())
        #expect(answer.lines == json(ring.records))
        #expect(answer.lines.count == 90)
    }

    @Test func badPagesOfTheCardAreSaid() throws {
        var ring = RingModel(slotCount: 1_000)
        try ring.append(70, seconds: 0..<1_000)
        ring.unreadable = 300..<301
        let lines = ring.answer(RecordQuery()).lines
        #expect(lines.count == 256 + 1 + 488)
        #expect(
            lines[256]
                == gapLine("unreadable", 256, 511)
        )
    }

    @Test func limitEndsTheAnswerAndTheReading() throws {
        var ring = RingModel(slotCount: 5_000)
        try ring.append(70, seconds: 0..<5_000)
        #expect(ring.answer(try query(("limit", "10"))).lines.count == 10)
        #expect(ring.reads == 1)
        let buckets = ring.answer(try query(("limit", "10"), ("bucket", "5s")))
        #expect(buckets.lines.count == 10)
        #expect(ring.reads == 1)
    }

    @Test func emptyRingAnswersNothingOrAHeader() throws {
        var ring = RingModel(slotCount: 100)
        #expect(ring.answer(RecordQuery()) == "")
        let header = ring.answer(try query(("format", "csv")))
        #expect(header == appendedText { $0.appendCSVHeader() })
    }

    @Test func tableHasTheSameColumnsInEveryRow() throws {
        var ring = RingModel(slotCount: 1_000)
        try ring.append(70, seconds: 0..<600)
        ring.damage(300)
        ring.append(try gap(wall: hour + 600 * second))
        let rows = ring.answer(try query(("format", "csv"))).lines.map {
            $0.split(separator: ",", omittingEmptySubsequences: false).map { String($0) }
        }
        #expect(rows.count == 1 + 599 + 1 + 1)
        #expect(Set(rows.map(\.count)).count == 1)
        let missing = Dictionary(
            zip(rows[0], rows[301]).filter { !$0.1.isEmpty }, uniquingKeysWith: { $1 })
        #expect(
            missing == [
                "device_id": "gym-7", "gap_reason": "unreadable", "gap_count": "1",
                "gap_first_seq": "300", "gap_last_seq": "300",
            ])
    }

    @Test func answerOfAnyLengthTakesTheSameMemory() throws {
        var ring = RingModel(slotCount: 20_000)
        try ring.append(70, seconds: 0..<20_000)
        let answer = ring.answer(RecordQuery())
        #expect(answer.lines.count == 20_000)
        #expect(ring.bytesMax <= QueryRun.bufferBytes)
        #expect(ring.slotsRead < 21_000, "a chunk's lines fit into the buffer")
    }

    @Test func anyBytesInTheRingAreStood() throws {
        var random = SeededRandom()
        for _ in 0..<50 {
            var ring = RingModel(slotCount: 700)
            for index in 0..<700 {
                ring.append(
                    try beat(
                        70, wall: Int64(bitPattern: random.next()) / 1_000, boot: 1,
                        session: UInt32(index / 300), clock: .unsynced))
                for byte in 16..<32 where index % 3 == 0 {
                    ring.rewrite(
                        UInt64(index), byte: byte,
                        to: [0, 0x7F, 0x80, 0xFF].randomElement(using: &random) ?? 0)
                }
            }
            ring.notes.note(
                BootTime(boot: BootID(high: 0, low: 1), offsetMicroseconds: hour))
            _ = ring.answer(try query(("from", "2025-07-15"), ("bucket", "1h")))
            _ = ring.answer(try query(("from", "2025-07-15"), ("to", "2025-07-16")))
        }
    }
}
