import Bytes
import RecordRing
import TestSupport
import Testing

/// The head record.
struct RingHeadTests {
    private static let golden =
        hex(
            "817F9A7D",  // CRC-32C
            "01000000",  // layout version
            "0500000000000000",  // generation
            "7800000000000000",  // head
            "02000000 00000000",  // number of sinks, 0
            "0000000001000000",  // bytes written
            "2C01000000000000",  // fdatasyncs
            "90D0030000000000",  // the longest, in microseconds
            "0000000000000000")
        + hex(
            "07 6B696E65736973 00000000000000000000000000000000",  // kinesis
            "6400000000000000",  // its tail
            "0200000000000000 0100000000000000 0000000000000000 0000000000000000",
            "0000000000000000 0000000000000000 0000000000000000 0000000000000080")
        + hex(
            "04 66696C65 00000000000000000000000000000000000000",  // file
            "0700000000000000")  // its tail, and nothing behind it
        + [UInt8](repeating: 0, count: 64 + 6 * 96)
        + hex("2A01000000000000")  // fdatasyncs under 128 µs
        + [UInt8](repeating: 0, count: 14 * 8)
        + hex("0200000000000000")  // those of 2.1 s and more
        + hex("0000000000000000")  // kinesis has no run
        + hex("E8030000 07000000")  // file: from 1,000 behind its tail 7 records
        + [UInt8](repeating: 0, count: 48)

    private func example() throws -> RingHead {
        var head = RingHead(generation: 5, head: 120)
        head.wear.bytesWritten = 1 << 32
        head.wear.syncs = 300
        head.wear.longestSyncMicroseconds = 250_000
        head.wear.syncTimes[0] = 298
        head.wear.syncTimes[15] = 2
        var acknowledged = AcknowledgedSet()
        for distance in [1, 64, 511] { acknowledged[distance] = true }
        head.append(
            SinkTail(sink: try name("kinesis"), tail: 100, acknowledged: acknowledged))
        head.append(SinkTail(sink: try name("file"), tail: 7, run: 1_007..<1_014))
        return head
    }

    private func page(_ head: RingHead) -> [UInt8] {
        var bytes = [UInt8](repeating: 0xEE, count: RingHead.byteCount)
        var span = bytes.mutableSpan
        head.encode(into: &span)
        return bytes
    }

    private func decode(_ page: [UInt8]) -> RingHead? { RingHead(decoding: page.span) }

    @Test func exampleIsWrittenAsTheLayoutIsDrawn() throws {
        #expect(Self.golden.count == RingHead.byteCount)
        #expect(page(try example()) == Self.golden)
    }

    @Test func exampleIsReadAsTheLayoutIsDrawn() throws {
        #expect(decode(Self.golden) == (try example()))
    }

    @Test func everyNumberOfSinksIsReadBack() throws {
        var random = SeededRandom()
        for _ in 0..<50 {
            for count in 0...RingHead.sinkLimit {
                var head = RingHead(generation: random.next() >> 1, head: random.next() >> 1)
                head.wear.bytesWritten = random.next() >> 1
                head.wear.syncs = random.next() >> 1
                head.wear.longestSyncMicroseconds = random.next()
                for bucket in 0..<SyncTimes.bucketCount {
                    head.wear.syncTimes[bucket] = random.next() >> 6
                }
                for index in 0..<count {
                    let text = String(repeating: "s", count: 23 - count) + "\(index)"
                    var tail = SinkTail(sink: try name(text), tail: random.next() >> 2)
                    for _ in 0..<20 {
                        tail.acknowledged[Int.random(in: 1..<512, using: &random)] = true
                    }
                    let first = tail.tail + UInt64.random(in: 512...9_999, using: &random)
                    let length = UInt64.random(in: 0...1 << 32 - 1, using: &random)
                    if length > 0 { tail.run = first..<first + length }
                    head.append(tail)
                }
                #expect(decode(page(head)) == head, "seed \(random.seed)")
            }
        }
    }

    @Test func tailIsFoundByItsName() throws {
        let head = try example()
        #expect(head.tail(of: try name("kinesis")) == 100)
        #expect(head.tail(of: try name("file")) == 7)
        #expect(head.sinkTail(of: try name("kinesis")) == head[0])
        #expect(head.tail(of: try name("fil")) == nil)
        #expect(head.tail(of: try name("")) == nil)
    }

    @Test func headsAreEqualWhenAllTheirFieldsAre() throws {
        let head = try example()
        var other = head
        other.generation = 6
        #expect(other != head)
        other = head
        other.head = 121
        #expect(other != head)
        other = head
        other.append(SinkTail(sink: try name("x"), tail: 7))
        #expect(other != head)
        other = head
        other.wear.syncs += 1
        #expect(other != head)
        other = try withFileTail(8)
        #expect(other != (try withFileTail(7)))
        other = head
        other.append(SinkTail(sink: try name("x"), tail: 7, run: 600..<601))
        var another = head
        another.append(SinkTail(sink: try name("x"), tail: 7))
        #expect(other != another)
        other = try withFileTail(7, acknowledged: 3)
        #expect(other != (try withFileTail(7)))
    }

    private func withFileTail(_ tail: UInt64, acknowledged: Int? = nil) throws -> RingHead {
        var head = RingHead(generation: 5, head: 120)
        var file = SinkTail(sink: try name("file"), tail: tail)
        if let acknowledged { file.acknowledged[acknowledged] = true }
        head.append(file)
        return head
    }

    /// Every bit of the example's fields and the first sink, and one of each byte behind.
    @Test func everyFlippedBitIsRefused() {
        let bits = [Int](0..<8 * 160) + stride(from: 8 * 160, to: 8 * RingHead.byteCount, by: 7)
        for bit in bits {
            var bytes = Self.golden
            bytes[bit / 8] ^= 1 << UInt8(bit % 8)
            if decode(bytes) != nil { Issue.record("bit \(bit) of the head record") }
        }
    }

    @Test func pageThatWasNeverWrittenHoldsNoHead() {
        #expect(decode([UInt8](repeating: 0, count: RingHead.byteCount)) == nil)
        #expect(decode(sealed([UInt8](repeating: 0, count: RingHead.byteCount))) == nil)
    }

    @Test(
        arguments: [
            (4, 0), (4, 2), (7, 1), (24, 9), (24, 255), (27, 1), (64, 24), (160, 255),
        ] as [(Int, UInt8)])
    func fieldWithAnUnknownValueIsRefused(_ offset: Int, _ value: UInt8) {
        var bytes = Self.golden
        bytes[offset] = value
        #expect(decode(sealed(bytes)) == nil)
    }

    /// A head from which no sequence could be claimed any more would stop every start.
    @Test(arguments: [8, 16, 32, 40, 88, 184])
    func numberThatLeavesNoRoomToCountIsRefused(_ offset: Int) {
        let numbers: [UInt64] = [.max, .max - 1, (1 << 63) + 1]
        for number in numbers {
            var bytes = Self.golden
            var span = bytes.mutableSpan
            span.store(number, at: offset)
            #expect(decode(sealed(bytes)) == nil)
        }
    }

    @Test func tailThatIsAcknowledgedItselfIsRefused() {
        var bytes = Self.golden
        bytes[64 + 32] |= 1
        #expect(decode(sealed(bytes)) == nil)
        bytes = Self.golden
        bytes.replaceSubrange(968..<972, with: [0, 0, 0, 0])
        #expect(decode(sealed(bytes)) == nil)
    }

    /// What a run is too long or too far away for is sent again.
    @Test func runThatDoesNotFitIsKeptAsFarAsItDoes() throws {
        for (run, kept) in [
            (1_000..<1 << 40, 1_000..<(1 << 32 + 999)), (1 << 40..<1 << 41, 0..<0),
        ] as [(Range<UInt64>, Range<UInt64>)] {
            var head = RingHead(generation: 5, head: 120)
            head.append(SinkTail(sink: try name("file"), tail: 7, run: run))
            #expect(decode(page(head))?[0].run == kept)
        }
    }

    @Test func runThatReachesFurtherThanSequencesIsRefused() {
        var bytes = Self.golden
        var span = bytes.mutableSpan
        span.store((1 << 63) - 1 as UInt64, at: 64 + 96 + 24)
        #expect(decode(sealed(bytes)) == nil)
    }

    @Test func sealedFuzzNeverTrapsAndWhatIsAcceptedIsReadBack() {
        var random = SeededRandom()
        var accepted = 0
        for _ in 0..<5_000 {
            var bytes = Self.golden
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                let offset = Int.random(in: 4..<260, using: &random)
                bytes[offset] = UInt8.random(in: 0...255, using: &random)
            }
            guard let head = decode(sealed(bytes)) else { continue }
            accepted += 1
            if decode(page(head)) != head { Issue.record("\(bytes), seed \(random.seed)") }
        }
        #expect(accepted > 500, "the fuzz must reach the accepting path")
    }

    @Test func mistakesOfTheCallerAreNotSurvived() async {
        await #expect(processExitsWith: .failure) {
            var head = RingHead(generation: 1, head: 0)
            for _ in 0...8 { head.append(SinkTail(sink: try name("x"), tail: 0)) }
        }
        await #expect(processExitsWith: .failure) { _ = RingHead(generation: 1, head: 0)[0] }
    }
}
