import Bytes

/// Finds out where a ring stands without reading all of it: it asks for bytes of the file, is
/// given them, and says in the end what the ring holds. It touches no file itself.
///
/// ```
/// 1. both head records      how far the ring had come, by its own word: a hint
/// 2. samples                a page of slots every `strideSlots`: the highest sequence among them
///                           is less than one stride from the end
/// 3. the end                every slot from there to beyond what writes under way can reach
/// ```
///
/// Samples and no binary search: sequences that were claimed and never reached the card leave
/// slots of the lap before among those of this lap, so the lap does not change in one place
/// alone. A sample that hits such a gap is one vote of many; a binary search would turn the
/// wrong way there.
///
/// The slots decide, the hint must agree: when they are further apart than the writes of the last
/// moments explain, when there is no hint, or when anything else is odd, every slot is read. A
/// small ring is always read as a whole.
public struct RingSearch: Sendable {
    /// How the search goes about it; tests search small rings with small numbers.
    public struct Settings: Sendable {
        /// A ring of at most this many slots is read as a whole: 8 MiB.
        public var fullScanSlots: UInt64 = 65_536
        /// Slots between two samples, at least: 1 MiB. A larger ring has samples further apart,
        /// 1,024 at most.
        public var strideSlots: UInt64 = 8_192
        /// The most that one write can touch.
        public var writeRecords = RingLimits.writeRecords
        /// How far the head may be ahead of the card.
        public var unsyncedRecords = RingLimits.unsyncedRecords
        /// Slots in one read: 256 KiB.
        public var readSlots: UInt64 = 2_048

        public init() {}
    }

    /// Bytes of the file that the search wants next.
    public struct Read: Equatable, Sendable {
        public let offset: UInt64
        public let byteCount: Int
    }

    /// Slots that are read one after the other, beyond the ring's end from its beginning.
    private struct Scan {
        var slot: UInt64
        var left: UInt64
        /// Slots that are read page by page, because they could not be read at once.
        var smallLeft: UInt64 = 0

        mutating func advance(_ count: UInt64, slotCount: UInt64) {
            slot = (slot + count) % slotCount
            left -= count
            smallLeft -= min(count, smallLeft)
        }
    }

    private enum Phase {
        case head(generation: UInt64)
        case samples(slot: UInt64)
        case end(Scan)
        case full(Scan)
        case done(RecoveredRing)
    }

    /// Slots in a page, the unit of a sample and of what is given up as unreadable.
    private static let pageSlots = UInt64(RingGeometry.pageBytes / Record.slotBytes)

    private let geometry: RingGeometry
    private let settings: Settings
    private let stride: UInt64
    private var phase = Phase.head(generation: 1)
    private var head: RingHead?
    /// The place of head record B is blank. It is not written before A has been synced, so where
    /// A is not whole either, there was no sync yet.
    private var isSecondBlank = false
    private var samples: RingRecovery
    private var recovery: RingRecovery

    public init(geometry: RingGeometry, settings: Settings = Settings()) {
        precondition(
            settings.strideSlots > 0 && settings.readSlots >= Self.pageSlots,
            "a search takes steps, and reads a page at least")
        self.geometry = geometry
        self.settings = settings
        let page = Self.pageSlots
        let wanted = max(settings.strideSlots, geometry.slotCount / 1_024)
        stride = (wanted + page - 1) / page * page
        samples = RingRecovery(geometry: geometry)
        recovery = RingRecovery(geometry: geometry)
    }

    /// What the ring holds; nil while there is something to read.
    public var found: RecoveredRing? {
        if case .done(let found) = phase { return found }
        return nil
    }

    /// What to read next; nil at the end.
    public var nextRead: Read? {
        switch phase {
        case .head(let generation):
            Read(
                offset: RingGeometry.headOffset(generation: generation),
                byteCount: RingHead.byteCount)
        case .samples(let slot): read(slot, min(Self.pageSlots, geometry.slotCount - slot))
        case .end(let scan), .full(let scan): read(scan.slot, count(scan))
        case .done: nil
        }
    }

    private func read(_ slot: UInt64, _ count: UInt64) -> Read {
        Read(offset: geometry.offset(ofSlot: slot), byteCount: Int(count) * Record.slotBytes)
    }

    private func count(_ scan: Scan) -> UInt64 {
        let most = scan.smallLeft > 0 ? Self.pageSlots : settings.readSlots
        return min(most, scan.left, geometry.slotCount - scan.slot)
    }
}

// MARK: - Answers

extension RingSearch {
    /// The bytes of `nextRead`.
    public mutating func take(_ bytes: Span<UInt8>) {
        precondition(bytes.count == nextRead?.byteCount, "a search is given what it asked for")
        switch phase {
        case .head(let generation):
            head = RingHead.youngest(head, RingHead(decoding: bytes))
            if generation == 2 { isSecondBlank = bytes.isZero }
            headRead(generation)
        case .samples(let slot):
            let before = samples.damagedCount
            Self.examine(bytes, slot: slot, by: &samples)
            // One broken slot may happen. A page of them means that nothing is known of a
            // whole stride.
            sampleRead(slot, isOdd: samples.damagedCount - before == Self.pageSlots)
        case .end(let scan), .full(let scan):
            Self.examine(bytes, slot: scan.slot, by: &recovery)
            advance(scan)
        case .done: break
        }
    }

    /// The bytes of `nextRead` cannot be read: the card answers with an error. Where it is a
    /// whole chunk, its pages are asked for one by one, and only those that fail are lost.
    public mutating func takeUnreadable() {
        switch phase {
        case .head(let generation): headRead(generation)
        case .samples(let slot): sampleRead(slot, isOdd: true)
        case .end(var scan), .full(var scan):
            let count = count(scan)
            if count > Self.pageSlots {
                scan.smallLeft = count
                return continueScan(scan)
            }
            for slot in scan.slot..<scan.slot + count { recovery.examineBroken(slot: slot) }
            advance(scan)
        case .done: break
        }
    }

    private static func examine(
        _ bytes: Span<UInt8>, slot: UInt64, by recovery: inout RingRecovery
    ) {
        for index in 0..<bytes.count / Record.slotBytes {
            let start = index * Record.slotBytes
            recovery.examine(
                bytes.extracting(start..<start + Record.slotBytes), slot: slot + UInt64(index))
        }
    }

    private mutating func headRead(_ generation: UInt64) {
        if generation == 1 {
            phase = .head(generation: 2)
        } else if head == nil || geometry.slotCount <= settings.fullScanSlots {
            scanInFull()
        } else {
            phase = .samples(slot: 0)
        }
    }

    private mutating func sampleRead(_ slot: UInt64, isOdd: Bool) {
        if isOdd {
            scanInFull()
        } else if slot + stride < geometry.slotCount {
            phase = .samples(slot: slot + stride)
        } else {
            scanTheEnd()
        }
    }

    private mutating func scanInFull() {
        recovery = RingRecovery(
            geometry: geometry, head: head, isUnsynced: isSecondBlank,
            writeRecords: settings.writeRecords)
        phase = .full(Scan(slot: 0, left: geometry.slotCount))
    }

    /// The most that the card can be ahead of a head record: its own write, and one more whose
    /// head record was lost.
    private var aheadLimit: UInt64 { 2 * settings.writeRecords }

    /// Reads from the highest sample, and from where the last moments' writes began, to beyond
    /// anything that can have been written.
    private mutating func scanTheEnd() {
        guard let head, let top = samples.highest, top < head.head + aheadLimit,
            head.head <= top + stride + settings.unsyncedRecords + aheadLimit
        else { return scanInFull() }
        let page = Self.pageSlots
        let start = min(top, head.synced) / page * page
        let end = max(top + stride, head.head) + settings.unsyncedRecords + aheadLimit
        guard end - start < geometry.slotCount else { return scanInFull() }
        recovery = RingRecovery(
            geometry: geometry, head: head, writeRecords: settings.writeRecords)
        phase = .end(Scan(slot: start % geometry.slotCount, left: end - start))
    }

    private mutating func advance(_ scan: Scan) {
        var scan = scan
        scan.advance(count(scan), slotCount: geometry.slotCount)
        continueScan(scan)
    }

    private mutating func continueScan(_ scan: Scan) {
        if case .full = phase {
            phase = scan.left > 0 ? .full(scan) : .done(fullResult)
        } else if scan.left > 0 {
            phase = .end(scan)
        } else if let result = endResult {
            phase = .done(result)
        } else {
            scanInFull()
        }
    }
}

// MARK: - Results

extension RingSearch {
    private var fullResult: RecoveredRing {
        RecoveredRing(
            cursor: recovery.cursor(head: head), head: head, recordCount: recovery.recordCount,
            damagedCount: recovery.damagedCount, tornCount: recovery.tornCount,
            isScannedInFull: true)
    }

    /// Nil when the slots and the head record tell different stories.
    private var endResult: RecoveredRing? {
        guard let head, let top = samples.highest else { return nil }
        let written = max(top, recovery.highest ?? 0) + 1
        guard written <= head.head + aheadLimit,
            head.head <= written + settings.unsyncedRecords + aheadLimit
        else { return nil }
        let next = max(written, head.head)
        let cursor = RingCursor(slotCount: geometry.slotCount, head: next)
        let slots = next - cursor.oldest
        let broken = min(recovery.damagedCount + recovery.tornCount, slots)
        return RecoveredRing(
            cursor: cursor, head: head, recordCount: slots - broken,
            damagedCount: recovery.damagedCount, tornCount: recovery.tornCount,
            isScannedInFull: false)
    }
}
