import Bytes
import RecordRing
import TestSupport
import Uplink

/// A memory card with a page cache above it: what was written is seen at once, and survives a
/// power cut only after a sync. It stalls, fails, forgets and tears as real ones do.
struct SimulatedCard {
    /// What the gateway has asked for and the card has not finished.
    enum Job {
        case write(first: UInt64, slots: [[UInt8]], head: RingHead, sync: Bool)
        case read(first: UInt64, count: Int)
    }

    let slotCount: UInt64
    /// What survives a power cut.
    private var durable: [UInt64: [UInt8]] = [:]
    private var durableHeads: [[UInt8]]
    /// What was written over it and not synced.
    private var cached: [UInt64: [UInt8]] = [:]
    private var cachedHeads: [[UInt8]?] = [nil, nil]
    private(set) var job: Job?
    /// The youngest head record that a power cut cannot take, and the one the system has.
    private(set) var syncedHead: RingHead?
    private(set) var writtenHead: RingHead?
    /// Records below this one were synced.
    private(set) var syncedEnd: UInt64 = 0

    private static let zeros = [UInt8](repeating: 0, count: Record.slotBytes)

    init(slotCount: UInt64) {
        self.slotCount = slotCount
        durableHeads = Array(repeating: [UInt8](repeating: 0, count: RingHead.byteCount), count: 2)
    }

    /// Both places of the head record have been written since the last sync.
    var holdsBothHeadsUnsynced: Bool { !cachedHeads.contains(nil) }

    mutating func begin(_ job: Job) {
        precondition(self.job == nil, "one job runs at a time")
        self.job = job
    }

    /// The write under way has succeeded.
    mutating func finishWrite() {
        guard case .write(let first, let slots, let head, let sync) = job else { return }
        apply(slots, first: first, head: head)
        writtenHead = head
        if sync {
            synchronize()
            syncedHead = head
            syncedEnd = max(syncedEnd, first + UInt64(slots.count))
        }
        job = nil
    }

    /// The read under way has succeeded.
    mutating func finishRead() -> [UInt8] {
        guard case .read(let first, let count) = job else { return [] }
        job = nil
        return (first..<first + UInt64(count)).flatMap { slot(at: $0 % slotCount) }
    }

    /// The read under way has failed.
    mutating func failRead() { job = nil }

    /// The write under way has failed: a part of it was written, and of what the cache held every
    /// page may have reached the card or have been forgotten.
    mutating func failWrite(_ random: inout RandomSource) {
        applyPart(&random)
        for place in cached.keys.sorted() where Bool.random(using: &random) {
            durable[place] = cached[place]
        }
        cached = [:]
        for index in 0..<2 {
            if Bool.random(using: &random), let head = cachedHeads[index] {
                durableHeads[index] = head
            }
            cachedHeads[index] = nil
        }
        // What was written before and not synced is not promised any more.
        writtenHead = syncedHead
    }

    /// The write under way finds that the file was cut, and lays it anew instead.
    mutating func layAnew(_ random: inout RandomSource) {
        job = nil
        synchronize()
        let kept =
            Bool.random(using: &random) ? UInt64.random(in: 0..<slotCount, using: &random) : 0
        for place in durable.keys where place >= kept { durable[place] = nil }
        syncedEnd = 0
        writtenHead = nil
        syncedHead = nil
        if kept > 0 { return }
        durableHeads = Array(repeating: [UInt8](repeating: 0, count: RingHead.byteCount), count: 2)
    }

    /// The process is killed, the system lives: a part of the job under way is in the cache. Who
    /// opens the ring next syncs it before it believes what it reads.
    mutating func killProcess(_ random: inout RandomSource) {
        applyPart(&random)
        synchronize()
        syncedHead = writtenHead
    }

    /// Every page of the cache has reached the card or has not, and one is torn.
    mutating func cutPower(_ random: inout RandomSource) {
        applyPart(&random)
        var canTear = true
        for place in cached.keys.sorted() {
            guard let bytes = cached[place], Bool.random(using: &random) else { continue }
            let old = durable[place] ?? Self.zeros
            let tear = canTear && Int.random(in: 0..<8, using: &random) == 0
            durable[place] = tear ? torn(old, bytes, &random) : bytes
            if tear { canTear = false }
        }
        for index in 0..<2 {
            guard let head = cachedHeads[index], Bool.random(using: &random) else { continue }
            let tear = canTear && Bool.random(using: &random)
            durableHeads[index] = tear ? torn(durableHeads[index], head, &random) : head
            if tear { canTear = false }
        }
        cached = [:]
        cachedHeads = [nil, nil]
        writtenHead = syncedHead
    }

    /// One bit of a slot turns over.
    mutating func damage(place: UInt64, _ random: inout RandomSource) {
        guard var bytes = durable[place] else { return }
        bytes[Int.random(in: 0..<bytes.count, using: &random)] ^=
            1 << UInt8.random(in: 0..<8, using: &random)
        durable[place] = bytes
    }

    /// What a gateway that starts finds on the card.
    mutating func recover() -> (cursor: RingCursor, head: RingHead?) {
        var recovery = RingRecovery(geometry: RingGeometry(slotCount: slotCount))
        for place in 0..<slotCount {
            let bytes = slot(at: place)
            recovery.examine(bytes.span, slot: place)
        }
        var youngest: RingHead?
        for index in 0..<2 {
            let bytes = cachedHeads[index] ?? durableHeads[index]
            guard let head = RingHead(decoding: bytes.span) else { continue }
            if head.generation > youngest?.generation ?? 0 { youngest = head }
        }
        syncedHead = youngest
        writtenHead = youngest
        return (recovery.cursor(head: youngest), youngest)
    }

    private func slot(at place: UInt64) -> [UInt8] {
        cached[place] ?? durable[place] ?? Self.zeros
    }

    private mutating func synchronize() {
        durable.merge(cached) { $1 }
        cached = [:]
        for index in 0..<2 {
            if let head = cachedHeads[index] { durableHeads[index] = head }
            cachedHeads[index] = nil
        }
    }

    private mutating func apply(_ slots: [[UInt8]], first: UInt64, head: RingHead?) {
        for (index, bytes) in slots.enumerated() {
            cached[(first + UInt64(index)) % slotCount] = bytes
        }
        guard let head else { return }
        var sector = FixedBuffer(capacity: RingHead.byteCount)
        sector.resize(to: RingHead.byteCount)
        var bytes = sector.mutableBytes(in: 0..<RingHead.byteCount)
        head.encode(into: &bytes)
        cachedHeads[Int(head.generation % 2)] = [UInt8](copying: sector.bytes)
    }

    /// The job under way ends in the middle: slots go first, the head record last.
    private mutating func applyPart(_ random: inout RandomSource) {
        defer { job = nil }
        guard case .write(let first, let slots, let head, _) = job else { return }
        let count = Int.random(in: 0...slots.count + 1, using: &random)
        apply(Array(slots.prefix(count)), first: first, head: count > slots.count ? head : nil)
    }

    /// The front of the new bytes and the back of the old ones.
    private func torn(
        _ old: [UInt8], _ new: [UInt8], _ random: inout RandomSource
    ) -> [UInt8] {
        let cut = Int.random(in: 1..<new.count, using: &random)
        return Array(new[..<cut] + old[cut...])
    }
}
