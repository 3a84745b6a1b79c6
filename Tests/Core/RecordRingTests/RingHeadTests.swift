import Bytes
import RecordRing
import TestSupport
import Testing

/// The head record.
struct RingHeadTests {
    private static let golden =
        hex(
            "605B5790",  // CRC-32C
            "01000000",  // layout version
            "0500000000000000",  // generation
            "7800000000000000",  // head
            "0200000000000000",  // number of sinks
            "07 6B696E65736973 00000000000000000000000000000000",  // kinesis
            "6400000000000000",  // its tail
            "04 66696C65 00000000000000000000000000000000000000",  // file
            "0700000000000000")  // its tail
        + [UInt8](repeating: 0, count: 416)

    private func example() throws -> RingHead {
        var head = RingHead(generation: 5, head: 120)
        head.append(SinkTail(sink: try name("kinesis"), tail: 100))
        head.append(SinkTail(sink: try name("file"), tail: 7))
        return head
    }

    private func sector(_ head: RingHead) -> [UInt8] {
        var bytes = [UInt8](repeating: 0xEE, count: RingHead.byteCount)
        var span = bytes.mutableSpan
        head.encode(into: &span)
        return bytes
    }

    private func decode(_ sector: [UInt8]) -> RingHead? { RingHead(decoding: sector.span) }

    @Test func exampleIsWrittenAsTheLayoutIsDrawn() throws {
        #expect(Self.golden.count == 512)
        #expect(sector(try example()) == Self.golden)
    }

    @Test func exampleIsReadAsTheLayoutIsDrawn() throws {
        #expect(decode(Self.golden) == (try example()))
    }

    @Test func everyNumberOfSinksIsReadBack() throws {
        var random = SeededRandom()
        for _ in 0..<50 {
            for count in 0...RingHead.sinkLimit {
                var head = RingHead(generation: random.next() >> 1, head: random.next() >> 1)
                for index in 0..<count {
                    let text = String(repeating: "s", count: 23 - count) + "\(index)"
                    head.append(SinkTail(sink: try name(text), tail: random.next() >> 1))
                }
                #expect(decode(sector(head)) == head, "seed \(random.seed)")
            }
        }
    }

    @Test func tailIsFoundByItsName() throws {
        let head = try example()
        #expect(head.tail(of: try name("kinesis")) == 100)
        #expect(head.tail(of: try name("file")) == 7)
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
        other = RingHead(generation: 5, head: 120)
        other.append(SinkTail(sink: try name("kinesis"), tail: 100))
        other.append(SinkTail(sink: try name("file"), tail: 8))
        #expect(other != head)
    }

    @Test func everyFlippedBitIsRefused() {
        for bit in 0..<8 * RingHead.byteCount {
            var bytes = Self.golden
            bytes[bit / 8] ^= 1 << UInt8(bit % 8)
            if decode(bytes) != nil { Issue.record("bit \(bit) of the head record") }
        }
    }

    @Test func sectorThatWasNeverWrittenHoldsNoHead() {
        #expect(decode([UInt8](repeating: 0, count: 512)) == nil)
        #expect(decode(sealed([UInt8](repeating: 0, count: 512))) == nil)
    }

    @Test(arguments: [(4, 0), (4, 2), (7, 1), (24, 9), (24, 255), (31, 1), (32, 24), (64, 255)])
    func fieldWithAnUnknownValueIsRefused(_ offset: Int, _ value: UInt8) {
        var bytes = Self.golden
        bytes[offset] = value
        #expect(decode(sealed(bytes)) == nil)
    }

    /// A head from which no sequence could be claimed any more would stop every start.
    @Test(arguments: [8, 16, 56, 88])
    func numberThatLeavesNoRoomToCountIsRefused(_ offset: Int) {
        let numbers: [UInt64] = [.max, .max - 1, (1 << 63) + 1]
        for number in numbers {
            var bytes = Self.golden
            var span = bytes.mutableSpan
            span.store(number, at: offset)
            #expect(decode(sealed(bytes)) == nil)
        }
    }

    @Test func sealedFuzzNeverTrapsAndWhatIsAcceptedIsReadBack() {
        var random = SeededRandom()
        var accepted = 0
        for _ in 0..<5_000 {
            var bytes = Self.golden
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                let offset = Int.random(in: 4..<120, using: &random)
                bytes[offset] = UInt8.random(in: 0...255, using: &random)
            }
            guard let head = decode(sealed(bytes)) else { continue }
            accepted += 1
            if decode(sector(head)) != head { Issue.record("\(bytes), seed \(random.seed)") }
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
