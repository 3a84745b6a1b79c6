import RecordRing
import TestSupport
import Testing

/// Recovery over rings that chance has damaged.
struct PowerCutTests {
    /// A slot of a disk that nobody vouches for.
    private func randomSlot(_ slotCount: Int, _ random: inout SeededRandom) throws -> [UInt8] {
        switch Int.random(in: 0..<6, using: &random) {
        case 0: return Disk.empty
        case 1: return random.bytes(Record.slotBytes)
        case 2:
            var bytes = slot(try exampleRecord(sequence: random.next()))
            bytes[Int.random(in: 0..<128, using: &random)] ^= 0x10
            return bytes
        default:
            let far = Int.random(in: 0..<8, using: &random) == 0
            let sequence = UInt64.random(in: 0...(far ? 1 << 62 : 40), using: &random)
            return slot(try exampleRecord(sequence: sequence))
        }
    }

    @Test func headIsWhatTheWholeRecordsInTheirPlacesSay() throws {
        var random = SeededRandom()
        for _ in 0..<3_000 {
            let slotCount = Int.random(in: 1...8, using: &random)
            var disk = Disk(slotCount: slotCount)
            for index in 0..<slotCount { disk.slots[index] = try randomSlot(slotCount, &random) }
            let hint =
                Bool.random(using: &random) ? UInt64.random(in: 0...60, using: &random) : nil
            var found: [UInt64] = []
            for (index, slot) in disk.slots.enumerated() {
                guard case .success(let record) = decode(slot) else { continue }
                if disk.place(of: record.sequence) == index { found.append(record.sequence) }
            }
            let head = max(found.max().map { $0 + 1 } ?? 0, hint ?? 0)
            let oldest = head > UInt64(slotCount) ? head - UInt64(slotCount) : 0
            let cursor = disk.cursor(head: hint)
            if cursor.head != head || cursor.oldest != oldest
                || disk.recovery().recordCount != UInt64(found.count)
            {
                Issue.record("\(found), hint \(String(describing: hint)), seed \(random.seed)")
                return
            }
        }
    }

    /// The power goes while some of the youngest records are under way: each of them is there,
    /// torn or missing, in any combination.
    @Test func everySyncedRecordIsFoundAgainAndNothingElse() throws {
        var random = SeededRandom()
        for _ in 0..<1_000 {
            let slotCount = Int.random(in: 2...10, using: &random)
            var disk = Disk(slotCount: slotCount)
            let synced = UInt64.random(in: 0...30, using: &random)
            let head = synced + UInt64.random(in: 0...UInt64(slotCount), using: &random)
            try disk.write(0..<synced)
            for sequence in synced..<head {
                switch Int.random(in: 0..<3, using: &random) {
                case 0: try disk.write(sequence)
                case 1:
                    let length = Int.random(in: 1..<90, using: &random)
                    let place = disk.place(of: sequence)
                    let whole = slot(try exampleRecord(sequence: sequence))
                    disk.slots[place].replaceSubrange(0..<length, with: whole.prefix(length))
                default: break
                }
            }
            let cursor = disk.cursor(head: synced)
            let survivors = (head > UInt64(slotCount) ? head - UInt64(slotCount) : 0)..<synced
            #expect(cursor.head >= synced && cursor.head <= head, "seed \(random.seed)")
            for sequence in survivors where sequence < synced {
                let isIn = sequence >= cursor.oldest && sequence < cursor.head
                let bytes = disk.slots[disk.place(of: sequence)]
                let isWhole = decode(bytes) == .success(try exampleRecord(sequence: sequence))
                #expect(isIn && isWhole, "\(sequence) of \(survivors), seed \(random.seed)")
            }
            for sequence in cursor.oldest..<cursor.head {
                guard case .success(let record) = decode(disk.slots[disk.place(of: sequence)])
                else { continue }
                let isRight = record.sequence == sequence || record.sequence < cursor.oldest
                #expect(isRight, "slot of \(sequence), seed \(random.seed)")
            }
        }
    }
}
