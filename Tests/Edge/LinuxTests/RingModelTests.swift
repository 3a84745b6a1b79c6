import Linux
import RecordRing
import Testing
import TestSupport

/// A ring file beside a plain table of what it must hold, through any order of writes, restarts
/// and damage.
struct RingModelTests {
    /// What a slot holds.
    private enum Slot: Equatable {
        case empty
        case damaged
        case record(UInt64)
    }

    /// The ring in a few lines: slots, and the two head records as generation and head.
    private struct Model {
        var slots: [Slot]
        var heads: [UInt64: (generation: UInt64, head: UInt64)] = [:]
        var generation: UInt64 = 0

        mutating func write(_ sequences: Range<UInt64>) {
            for sequence in sequences {
                slots[Int(sequence % UInt64(slots.count))] = .record(sequence)
            }
            heads[generation % 2] = (generation, sequences.upperBound)
        }

        var records: [UInt64] {
            slots.compactMap { if case .record(let sequence) = $0 { sequence } else { nil } }
        }

        var youngest: (generation: UInt64, head: UInt64)? {
            heads.values.max { $0.generation < $1.generation }
        }

        /// As the ring's rules say: one more than the highest whole record, or what the youngest
        /// head record says when that is more; and no further back than there are slots.
        var range: Range<UInt64> {
            let head = max((records.max() ?? 0) + (records.isEmpty ? 0 : 1), youngest?.head ?? 0)
            let count = UInt64(slots.count)
            return (head > count ? head - count : 0)..<head
        }
    }

    @Test func ringHoldsWhatTheModelDoes() throws {
        var random = SeededRandom()
        for _ in 0..<8 {
            let folder = try TemporaryFolder()
            let slotCount = Int.random(in: 32...100, using: &random)
            try play(folder.file("ring"), slotCount: slotCount, steps: 60, &random)
        }
    }

    private func play(
        _ path: String, slotCount: Int, steps: Int, _ random: inout SeededRandom
    ) throws {
        var model = Model(slots: Array(repeating: .empty, count: slotCount))
        var file: RingFile? = nil
        var job: RingJob? = nil
        for _ in 0..<steps {
            if file == nil || Int.random(in: 0..<6, using: &random) == 0 {
                // A restart: the lock goes with the last reference.
                job = nil
                file = nil
                let opened = try RingFile.open(
                    path, bytes: ringBytes(slots: UInt64(slotCount)))
                check(try opened.recover(), model)
                model.generation = model.youngest?.generation ?? 0
                file = opened
                job = RingJob(file: opened, records: slotCount)
            }
            guard let job else { continue }
            switch Int.random(in: 0..<10, using: &random) {
            case 0: try damageSlot(path, &model, &random)
            case 1: try damageHead(path, &model, &random)
            case 2..<5: read(job, model, &random)
            default: write(job, &model, &random)
            }
        }
    }

    private func check(_ found: RecoveredRing, _ model: Model) {
        #expect(found.range == model.range)
        #expect(found.recordCount == UInt64(model.records.count))
        let damaged = UInt64(model.slots.filter { $0 == .damaged }.count)
        #expect(found.damagedCount + found.tornCount == damaged)
        #expect(found.head?.generation == model.youngest?.generation)
        #expect(found.head?.head == model.youngest?.head)
    }

    private func write(_ job: RingJob, _ model: inout Model, _ random: inout SeededRandom) {
        let count = UInt64.random(in: 0...UInt64(model.slots.count), using: &random)
        let first = model.range.upperBound
        model.generation += 1
        #expect(job.write(first..<first + count, generation: model.generation) == nil)
        model.write(first..<first + count)
    }

    private func read(_ job: RingJob, _ model: Model, _ random: inout SeededRandom) {
        let range = model.range
        guard let first = range.randomElement(using: &random) else { return }
        let count = UInt64.random(in: 0...range.upperBound - first, using: &random)
        guard let bytes = job.read(first..<first + count) else {
            Issue.record("a read of \(first), \(count) failed")
            return
        }
        for index in 0..<Int(count) {
            let sequence = first + UInt64(index)
            guard model.slots[Int(sequence) % model.slots.count] == .record(sequence) else {
                continue
            }
            #expect(
                Array(bytes[index * 128..<index * 128 + 128]) == slots(sequence..<sequence + 1))
        }
    }

    private func damageSlot(
        _ path: String, _ model: inout Model, _ random: inout SeededRandom
    ) throws {
        let slot = Int.random(in: 0..<model.slots.count, using: &random)
        try overwrite(path, at: UInt64(16_384 + 128 * slot), with: random.bytes(128))
        model.slots[slot] = .damaged
    }

    private func damageHead(
        _ path: String, _ model: inout Model, _ random: inout SeededRandom
    ) throws {
        let place = UInt64.random(in: 0..<2, using: &random)
        try overwrite(
            path, at: RingGeometry.headOffset(generation: place), with: random.bytes(64))
        model.heads[place] = nil
    }
}
