import Bytes
import Gateway
import RecordRing
import TestSupport
import Testing

/// Whole ring files that nobody vouches for: opening one never traps, and no record is ever read
/// whose checksum does not fit.
struct RingFuzzTests {
    private static var count: Int { CrashTests.isDebug ? 100 : 20_000 }

    /// One bit at a time (RFC 3720 appendix B.4): nothing in common with the code that is tested.
    private func checksum(_ bytes: ArraySlice<UInt8>) -> UInt32 {
        var remainder: UInt32 = 0xFFFF_FFFF
        for byte in bytes {
            remainder ^= UInt32(byte)
            for _ in 0..<8 {
                remainder = remainder >> 1 ^ (remainder & 1 == 1 ? 0x82F6_3B78 : 0)
            }
        }
        return ~remainder
    }

    private func seal(_ bytes: inout [UInt8], _ range: Range<Int>) {
        let fitting = checksum(bytes[range.lowerBound + 4..<range.upperBound])
        for place in 0..<4 {
            bytes[range.lowerBound + place] = UInt8(
                truncatingIfNeeded: fitting >> UInt32(8 * place))
        }
    }

    /// Opens a file as `RingFile` does; nil when it is refused. Then a gateway goes on with it.
    private func open(_ bytes: [UInt8], _ inspection: Inspection, seed: UInt64) -> Bool {
        let front = bytes.prefix(RingHeader.byteCount)
        do throws(RingFormatError) {
            let page = [UInt8](front)
            let header = try RingHeader(decoding: page.span, fileBytes: UInt64(bytes.count))
            let ring = OpenedRing(bytes, geometry: header.geometry)
            deliver(ring, inspection, seed: seed)
            if let settings = CrashTests.fastSearch(header.geometry.slotCount) {
                let search = RingSearch(geometry: header.geometry, settings: settings)
                _ = OpenedRing.search(bytes, search)
            }
            return true
        } catch {
            return false
        }
    }

    private func deliver(_ ring: OpenedRing, _ inspection: Inspection, seed: UInt64) {
        let (oldest, head) = (ring.cursor.oldest, ring.cursor.head)
        #expect(oldest <= head && head - oldest <= ring.geometry.slotCount, "seed \(seed)")
        let delivery = ring.deliver(to: inspection.sinks)
        for lines in delivery.lines {
            // Those from there on are the gap records of this gateway.
            for line in lines where line.sequence < head {
                let slot = ring.slot(of: line.sequence)
                let start = slot.startIndex
                let stored = (0..<4).reduce(UInt32(0)) { value, place in
                    value | UInt32(slot[start + place]) << UInt32(8 * place)
                }
                let sequence = (0..<8).reduce(UInt64(0)) { value, place in
                    value | UInt64(slot[start + 8 + place]) << UInt64(8 * place)
                }
                let isWhole = checksum(slot.dropFirst(4)) == stored
                if !isWhole || sequence != line.sequence {
                    Issue.record("a record that is not there: \(line.sequence), seed \(seed)")
                }
            }
        }
    }

    /// Slots and pages of noise; half of them with a checksum that fits.
    @Test func filesOfNoiseAreOpenedOrRefused() {
        var random = SeededRandom()
        let sinks = Machine(Machine.Settings(), random: random).sinksForReading
        let inspection = Inspection(sinks: sinks, fastSearch: nil)
        var opened = 0
        for turn in 0..<Self.count {
            let slots = Int.random(in: 1...(turn % 16 == 0 ? 600 : 40), using: &random)
            var bytes = noise(slots: slots, &random)
            // The rest have no header at all, or a length that is not the header's.
            if turn % 8 == 7 { bytes = random.bytes(Int.random(in: 0...40_000, using: &random)) }
            if turn % 8 == 6 { bytes.removeLast(Int.random(in: 1...bytes.count, using: &random)) }
            if open(bytes, inspection, seed: random.seed) { opened += 1 }
        }
        print("\(Self.count) files of noise, \(opened) opened")
        #expect(opened > Self.count / 2)
    }

    private func noise(slots: Int, _ random: inout SeededRandom) -> [UInt8] {
        let geometry = RingGeometry(slotCount: UInt64(slots))
        var bytes = ModelDisk(geometry: geometry).durable
        for slot in 0..<geometry.slotCount where Int.random(in: 0..<8, using: &random) > 0 {
            let start = Int(geometry.offset(ofSlot: slot))
            let range = start..<start + Record.slotBytes
            bytes.replaceSubrange(range, with: random.bytes(Record.slotBytes))
            guard Bool.random(using: &random) else { continue }
            // A record that could be one, in a slot that could be its own.
            let kind: UInt8 = Int.random(in: 0..<4, using: &random) == 0 ? 2 : 1
            bytes.replaceSubrange(start + 4..<start + 8, with: [1, kind, 1, 0])
            let near = UInt64.random(in: 0..<3, using: &random) * geometry.slotCount + slot
            let isNear = Int.random(in: 0..<4, using: &random) > 0
            put(isNear ? near : random.next() >> 1, at: start + 8, &bytes)
            bytes[start + 52] %= 30
            bytes[start + 78] %= 4
            bytes[start + 82] %= 12
            bytes[start + 116] %= 5
            seal(&bytes, range)
        }
        for generation: UInt64 in [1, 2] where Bool.random(using: &random) {
            let start = Int(RingGeometry.headOffset(generation: generation))
            let range = start..<start + RingHead.byteCount
            bytes.replaceSubrange(range, with: random.bytes(RingHead.byteCount))
            bytes.replaceSubrange(start + 4..<start + 8, with: [1, 0, 0, 0])
            bytes.replaceSubrange(
                start + 24..<start + 28, with: [random.bytes(1)[0] % 10, 0, 0, 0])
            let head = random.next() >> UInt64.random(in: 1...62, using: &random)
            put(head, at: start + 16, &bytes)
            put(random.next() % (head + 1), at: start + 56, &bytes)
            for sink in 0..<8 { bytes[start + 64 + 96 * sink] %= 25 }
            if Int.random(in: 0..<4, using: &random) > 0 { seal(&bytes, range) }
        }
        return bytes
    }

    private func put(_ value: UInt64, at place: Int, _ bytes: inout [UInt8]) {
        for byte in 0..<8 {
            bytes[place + byte] = UInt8(truncatingIfNeeded: value >> UInt64(8 * byte))
        }
    }

    /// A ring that a gateway has written, with anything done to it.
    @Test func writtenFilesAreOpenedWhateverHappensToThem() throws {
        var random = SeededRandom()
        var opened = 0
        let turns = Self.count
        for slotCount: UInt64 in [3, 40, 64, 300] {
            let machine = Machine(Machine.Settings(slotCount: slotCount), random: random)
            let inspection = Inspection(sinks: machine.sinksForReading, fastSearch: nil)
            for _ in 0..<turns / 4 {
                for _ in 0..<5 { _ = try machine.step() }
                var bytes = machine.disk.cache
                mutate(&bytes, &random)
                if open(bytes, inspection, seed: random.seed) { opened += 1 }
            }
        }
        print("\(turns) written files, \(opened) opened")
        #expect(opened > turns / 2)
    }

    private func mutate(_ bytes: inout [UInt8], _ random: inout SeededRandom) {
        for _ in 0..<Int.random(in: 1...6, using: &random) {
            let place = Int.random(in: 0..<bytes.count - Record.slotBytes, using: &random)
            let from = Int.random(in: 0..<bytes.count - Record.slotBytes, using: &random)
            switch Int.random(in: 0..<6, using: &random) {
            case 0: bytes[place] ^= 1 << UInt8.random(in: 0..<8, using: &random)
            case 1: bytes[place] = UInt8.random(in: 0...255, using: &random)
            case 2:
                // Slots or parts of them in each other's place.
                let length = [512, Record.slotBytes].randomElement(using: &random) ?? 512
                let (to, start) = (place / length * length, from / length * length)
                let count = min(length, bytes.count - max(to, start))
                bytes.replaceSubrange(to..<to + count, with: bytes[start..<start + count])
            case 3:
                let slot = place / Record.slotBytes * Record.slotBytes
                bytes[place] ^= 0x40
                seal(&bytes, slot..<slot + Record.slotBytes)
            case 4:
                let head = Bool.random(using: &random) ? 4_096 : 8_192
                let inside = head + Int.random(in: 4..<RingHead.byteCount, using: &random)
                bytes[inside] = UInt8.random(in: 0...255, using: &random)
                seal(&bytes, head..<head + RingHead.byteCount)
            default:
                for index in place..<place + Record.slotBytes { bytes[index] = 0 }
            }
        }
    }
}
