import RecordRing
import TestSupport
import Testing

/// Big rings, made slot by slot when they are read: what recovery reads of them, and what it
/// finds.
struct RingSearchTests {
    /// What one slot holds.
    private enum Slot { case record(UInt64), damaged, empty }

    /// A ring of 16 MiB that stands at `head`, without the memory for it.
    private struct BigRing {
        static let slotCount: UInt64 = 1 << 17
        let geometry = RingGeometry(slotCount: slotCount)
        var head: UInt64
        var record: RingHead?
        /// Sequences that were claimed and never written: their slots hold the lap before.
        var missing: [Range<UInt64>] = []
        var damaged: Set<UInt64> = []
        /// Bytes of the file that give an error.
        var unreadable: Range<UInt64> = 0..<0
        private let slotTemplate: [UInt8]

        init(head: UInt64, hint: UInt64?, synced: UInt64? = nil) throws {
            self.head = head
            record = hint.map { RingHead(generation: 9, head: $0, synced: synced ?? $0) }
            slotTemplate = slot(try exampleRecord(sequence: 0))
        }

        func content(ofSlot slot: UInt64) -> Slot {
            if damaged.contains(slot) { return .damaged }
            guard head > 0 else { return .empty }
            let last = head - 1
            let back = (last + Self.slotCount - slot) % Self.slotCount
            guard back <= last else { return .empty }
            var sequence = last - back
            while missing.contains(where: { $0.contains(sequence) }) {
                guard sequence >= Self.slotCount else { return .empty }
                sequence -= Self.slotCount
            }
            return .record(sequence)
        }

        func bytes(ofSlot index: UInt64) -> [UInt8] {
            switch content(ofSlot: index) {
            case .empty: return Disk.empty
            case .damaged: return [UInt8](repeating: 0x5A, count: Record.slotBytes)
            case .record(let sequence):
                var bytes = slotTemplate
                for place in 0..<8 {
                    bytes[8 + place] = UInt8(truncatingIfNeeded: sequence >> UInt64(8 * place))
                }
                return sealed(bytes)
            }
        }

        func bytes(_ read: RingSearch.Read) -> [UInt8] {
            guard read.offset >= UInt64(RingGeometry.firstSlotOffset) else {
                guard let record, read.offset == RingGeometry.headOffset(generation: 9) else {
                    return [UInt8](repeating: 0, count: read.byteCount)
                }
                var page = [UInt8](repeating: 0, count: read.byteCount)
                var span = page.mutableSpan
                record.encode(into: &span)
                return page
            }
            let first = (read.offset - UInt64(RingGeometry.firstSlotOffset)) / 128
            return (first..<first + UInt64(read.byteCount) / 128).flatMap { bytes(ofSlot: $0) }
        }

        /// The answer, and how many bytes were read for it.
        func search(
            _ settings: RingSearch.Settings = RingSearch.Settings()
        ) -> (found: RecoveredRing, bytes: Int) {
            var search = RingSearch(geometry: geometry, settings: settings)
            var count = 0
            while let read = search.nextRead {
                let range = read.offset..<read.offset + UInt64(read.byteCount)
                if unreadable.overlaps(range) {
                    search.takeUnreadable()
                } else {
                    count += read.byteCount
                    search.take(bytes(read).span)
                }
            }
            guard let found = search.found else { preconditionFailure("a search has an end") }
            return (found, count)
        }

        /// A search that gives up looking at everything: it answers from what it has seen.
        func expectFast(
            head: UInt64, oldest: UInt64, sourceLocation: SourceLocation = #_sourceLocation
        ) {
            let (found, bytes) = search()
            #expect(!found.isScannedInFull, sourceLocation: sourceLocation)
            #expect(found.cursor.head == head, sourceLocation: sourceLocation)
            #expect(found.cursor.oldest == oldest, sourceLocation: sourceLocation)
            #expect(bytes < Int(geometry.fileBytes) / 5, sourceLocation: sourceLocation)
        }
    }

    private static let slots = BigRing.slotCount

    @Test(arguments: [1, 31, 8_191, 8_192, 8_193, 60_000, slots - 1, slots])
    func firstLapIsFoundFast(_ head: UInt64) throws {
        try BigRing(head: head, hint: head).expectFast(head: head, oldest: 0)
    }

    @Test(arguments: [1, 5, 8_192, 8_193, 65_536, slots - 8_193, slots - 1] as [UInt64])
    func laterLapsAreFoundFast(_ place: UInt64) throws {
        for lap: UInt64 in [1, 7] {
            let head = lap * Self.slots + place
            try BigRing(head: head, hint: head).expectFast(head: head, oldest: head - Self.slots)
        }
    }

    @Test func slotsDecideWhenTheyAreAheadOfTheHeadRecord() throws {
        let head = 3 * Self.slots + 77_777
        for behind: UInt64 in [1, 2_048, 4_096] {
            try BigRing(head: head, hint: head - behind)
                .expectFast(head: head, oldest: head - Self.slots)
        }
    }

    @Test func claimedSequencesAreNotUsedAgain() throws {
        let head = 3 * Self.slots + 77_777
        for ahead: UInt64 in [1, 8_192] {
            try BigRing(head: head, hint: head + ahead)
                .expectFast(head: head + ahead, oldest: head + ahead - Self.slots)
        }
    }

    /// A pointer that is wrong by more than the last moments explain is not believed, in either
    /// direction: every slot is read.
    @Test(arguments: [-120_000, -60_000, -20_000, 50_000, 120_000])
    func headRecordThatDisagreesMeansAFullScan(_ difference: Int) throws {
        let head = 3 * Self.slots + 77_777
        let hint = UInt64(Int(head) + difference)
        let (found, _) = try BigRing(head: head, hint: hint).search()
        #expect(found.isScannedInFull)
        #expect(found.cursor.head == max(head, hint))
    }

    @Test func ringWithoutAHeadRecordIsReadAsAWhole() throws {
        let head = Self.slots + 12_345
        let (found, bytes) = try BigRing(head: head, hint: nil).search()
        #expect(found.isScannedInFull)
        #expect(found.cursor == RingCursor(slotCount: Self.slots, oldest: 12_345, head: head))
        #expect(found.recordCount == Self.slots)
        #expect(bytes == 2 * RingHead.byteCount + Int(Self.slots) * Record.slotBytes)
    }

    @Test func newRingIsReadAsAWhole() throws {
        let (found, _) = try BigRing(head: 0, hint: nil).search()
        #expect(found.isScannedInFull)
        #expect(found.cursor == RingCursor(slotCount: Self.slots, oldest: 0, head: 0))
        #expect(found.head == nil && found.recordCount == 0)
    }

    @Test func smallRingIsReadAsAWhole() throws {
        var settings = RingSearch.Settings()
        settings.fullScanSlots = Self.slots
        let head = Self.slots + 12_345
        #expect(try BigRing(head: head, hint: head).search(settings).found.isScannedInFull)
    }

    /// Each cut leaves sequences that were claimed and never written. There a binary search would
    /// see the lap before and turn to the wrong side.
    @Test func gapsOfEarlierCutsDoNotMislead() throws {
        let head = 5 * Self.slots + 100_000
        var ring = try BigRing(head: head, hint: head)
        for place: UInt64 in [0, 16_384, 32_768, 65_536, 98_000] {
            ring.missing.append(5 * Self.slots + place..<5 * Self.slots + place + 1_500)
        }
        ring.missing.append(5 * Self.slots + 40_000..<5 * Self.slots + 48_192)
        ring.expectFast(head: head, oldest: head - Self.slots)
    }

    @Test func lastWriteWithoutItsBeginningIsFound() throws {
        let head = 2 * Self.slots + 90_000
        var ring = try BigRing(head: head, hint: head - 2_048)
        ring.missing = [head - 2_048..<head - 1]
        ring.expectFast(head: head, oldest: head - Self.slots)
    }

    @Test func damagedSlotsDoNotMislead() throws {
        var random = SeededRandom()
        let head = 2 * Self.slots + 90_000
        var ring = try BigRing(head: head, hint: head)
        for _ in 0..<200 { ring.damaged.insert(random.next() % Self.slots) }
        // The first slots of every sample but not all of its page.
        for sample in stride(from: UInt64(0), to: Self.slots, by: 8_192) {
            for slot in 0..<31 as Range<UInt64> { ring.damaged.insert(sample + slot) }
            ring.damaged.remove(sample + 31)
        }
        ring.damaged.remove((head - 1) % Self.slots)
        ring.expectFast(head: head, oldest: head - Self.slots)
    }

    @Test func damagedSampleMeansAFullScan() throws {
        let head = 2 * Self.slots + 90_000
        var ring = try BigRing(head: head, hint: head)
        ring.damaged = Set(5 * 8_192..<5 * 8_192 + 32)
        let (found, _) = ring.search()
        #expect(found.isScannedInFull)
        #expect(found.damagedCount == 32 && found.tornCount == 0)
        #expect(found.recordCount == Self.slots - 32)
        #expect(
            found.cursor == RingCursor(slotCount: Self.slots, oldest: head - Self.slots, head: head)
        )
    }

    @Test func damageBelowTheSyncedHeadIsToldFromATornWrite() throws {
        let head = 2 * Self.slots + 90_000
        var ring = try BigRing(head: head, hint: head, synced: head - 10)
        // Below it, at it, the last slot of the two writes that may have followed, one beyond.
        for sequence in [head - 11, head - 10, head + 4_095, head + 4_096] {
            ring.damaged.insert(sequence % Self.slots)
        }
        let (found, _) = ring.search()
        #expect(!found.isScannedInFull)
        #expect(found.damagedCount == 2 && found.tornCount == 2)
        var settings = RingSearch.Settings()
        settings.fullScanSlots = Self.slots
        let (full, _) = ring.search(settings)
        #expect(full.damagedCount == 2 && full.tornCount == 2)
        #expect(full.cursor == found.cursor)
    }

    /// One page of a chunk gives an error: its 32 slots are lost, and nothing else.
    @Test func unreadablePageCostsItsSlotsAlone() throws {
        let head = Self.slots + 12_345
        var ring = try BigRing(head: head, hint: nil)
        let offset = ring.geometry.offset(ofSlot: 64_000)
        ring.unreadable = offset + 100..<offset + 200
        let (found, _) = ring.search()
        #expect(found.damagedCount == 32)
        #expect(found.recordCount == Self.slots - 32)
        #expect(found.cursor.head == head)
    }

    @Test func unreadableHeadRecordMeansAFullScan() throws {
        let head = Self.slots + 12_345
        var ring = try BigRing(head: head, hint: head)
        ring.unreadable = 4_096..<4_097
        let (found, _) = ring.search()
        #expect(found.isScannedInFull && found.head == nil)
        #expect(found.cursor.head == head)
    }

    /// Wherever the ring stands and whatever is missing of the last moments, both ways agree.
    @Test func fastSearchAgreesWithTheFullScan() throws {
        var random = SeededRandom()
        var full = RingSearch.Settings()
        full.fullScanSlots = Self.slots
        for _ in 0..<3 {
            let head = UInt64.random(in: 1...4 * Self.slots, using: &random)
            let behind = UInt64.random(in: 0...min(4_000, head), using: &random)
            var ring = try BigRing(head: head, hint: head - behind)
            let gap = UInt64.random(in: 0...head - 1, using: &random)
            ring.missing = [gap..<min(gap + 3_000, head - 1)]
            let fast = ring.search().found
            let slow = ring.search(full).found
            #expect(fast.cursor.head == slow.cursor.head, "seed \(random.seed)")
            #expect(fast.cursor.oldest <= slow.cursor.oldest, "seed \(random.seed)")
        }
    }

    /// Nothing was synced where head record B is blank and A is not whole: a first write was torn.
    @Test func tornFirstWriteIsToldFromDamage() throws {
        var ring = try BigRing(head: 3, hint: nil)
        ring.damaged = [1, RingLimits.writeRecords]
        let (found, _) = ring.search()
        #expect(found.cursor.head == 3)
        #expect([found.tornCount, found.damagedCount] == [1, 1])
    }
}
