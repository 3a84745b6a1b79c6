import Bytes
import RecordRing
import TestSupport

/// A gateway's lives, one after the other, each ended by a cut; and at every instant every state
/// that a cut could leave, opened and held against the promise.
struct CrashRun {
    let machine: Machine
    var inspection: Inspection
    private var random: SeededRandom
    /// States that were opened: each once an instant, because the promise grows meanwhile.
    private(set) var states = 0
    private var distinct: Set<UInt64> = []
    private(set) var lives = 1
    private(set) var operations = 0
    /// The first promise that was broken.
    private(set) var violation: Violation?

    init(
        _ settings: Machine.Settings, fastSearch: RingSearch.Settings? = nil,
        opening: Opening = .sound, random: SeededRandom
    ) {
        self.random = random
        machine = Machine(settings, random: random)
        inspection = Inspection(sinks: machine.sinksForReading, fastSearch: fastSearch)
        inspection.opening = opening
    }

    /// States that differ in a byte from every other one of the run.
    var distinctCount: Int { distinct.count }

    /// Lives on until so many states have been opened or a promise is broken.
    mutating func run(states limit: Int) {
        var untilCut = nextLife()
        while states < limit && violation == nil {
            do throws(Violation) {
                guard try machine.step() else { continue }
                operations += 1
                untilCut -= 1
                if untilCut <= 0 {
                    try cut()
                    untilCut = nextLife()
                } else {
                    try openEveryState()
                }
            } catch {
                violation = error
            }
        }
    }

    /// Tells states apart, eight bytes a step: the hash of the library goes byte by byte, which
    /// takes longer than to open the ring.
    private static func fingerprint(_ bytes: [UInt8]) -> UInt64 {
        let span = bytes.span
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for place in stride(from: 0, to: span.count / 8 * 8, by: 8) {
            hash = (hash ^ span.loadUInt64(at: place)) &* 0x9E37_79B9_7F4A_7C15
            hash ^= hash >> 29
        }
        return hash
    }

    private mutating func nextLife() -> Int { Int.random(in: 5...80, using: &random) }

    /// One instant in forty has its last write torn at every byte.
    private mutating func openEveryState() throws(Violation) {
        let isThorough = Int.random(in: 0..<40, using: &random) == 0
        let depth = CrashStates(subsets: 64, splits: isThorough ? CrashStates.everySplit : 8)
        var broken: Violation?
        var seen: Set<UInt64> = []
        var chance = random
        _ = random.next()
        depth.forEach(of: machine.disk, &chance) { bytes in
            let fingerprint = Self.fingerprint(bytes)
            guard broken == nil, seen.insert(fingerprint).inserted else { return }
            do throws(Violation) {
                _ = try open(bytes, fingerprint)
            } catch {
                broken = error
            }
        }
        if let broken { throw broken }
    }

    private mutating func open(
        _ bytes: [UInt8], _ fingerprint: UInt64
    ) throws(Violation) -> OpenedRing {
        states += 1
        distinct.insert(fingerprint)
        return try inspection.inspect(bytes, machine.geometry, &machine.promise)
    }

    /// The power goes, or the process alone, and another life begins.
    private mutating func cut() throws(Violation) {
        lives += 1
        if Int.random(in: 0..<3, using: &random) == 0 { return machine.restartProcess() }
        var seen = 0
        var chosen = machine.disk.durable
        CrashStates(subsets: 8, splits: 2).forEach(of: machine.disk, &random) { bytes in
            seen += 1
            if seen % 3 == 1 { chosen = bytes }
        }
        machine.restart(with: try open(chosen, Self.fingerprint(chosen)))
    }

    /// Flips bits of what lies on the card after a sync: of every slot and head record, `bits`
    /// by chance.
    mutating func flip(bits: Int) throws(Violation) {
        let geometry = machine.geometry
        let last = machine.promise.head - 1
        for slot in 0..<geometry.slotCount {
            let start = Int(geometry.offset(ofSlot: slot))
            let sequence = last - (last + geometry.slotCount - slot) % geometry.slotCount
            try flip(bits, from: start, count: Record.slotBytes, .init(record: sequence))
        }
        for generation: UInt64 in [1, 2] {
            let start = Int(RingGeometry.headOffset(generation: generation))
            try flip(bits, from: start, count: RingHead.byteCount, .init(isHeadDamaged: true))
        }
    }

    private mutating func flip(
        _ bits: Int, from start: Int, count: Int, _ damage: Inspection.Damage
    ) throws(Violation) {
        for turn in 0..<bits {
            let bit = bits == count * 8 ? turn : Int.random(in: 0..<count * 8, using: &random)
            var bytes = machine.disk.durable
            bytes[start + bit / 8] ^= 1 << UInt8(bit % 8)
            states += 1
            distinct.insert(Self.fingerprint(bytes))
            _ = try inspection.inspect(
                bytes, machine.geometry, &machine.promise, damage: damage)
        }
    }

    /// Goes on until a sync has just ended and the ring has gone round.
    mutating func runToSync(laps: UInt64) throws(Violation) {
        while machine.promise.head < laps * machine.geometry.slotCount
            || !machine.disk.pending.isEmpty
        {
            _ = try machine.step()
        }
    }
}
