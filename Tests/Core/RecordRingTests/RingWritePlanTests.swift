import RecordRing
import TestSupport
import Testing

/// What a write touches, in order.
struct RingWritePlanTests {
    private let geometry = RingGeometry(slotCount: 10)

    private func writes(_ first: UInt64, _ count: Int, _ generation: UInt64) -> [String] {
        let plan = RingWritePlan(
            geometry: geometry, first: first, count: count, generation: generation)
        return (0..<plan.count).map { index in
            let write = plan[index]
            return "\(write.source) \(write.bytes) at \(write.offset)"
        }
    }

    @Test func slotsGoBeforeTheHeadRecord() {
        #expect(
            writes(2, 3, 1) == ["slots 0..<384 at \(16_384 + 2 * 128)", "head 0..<1024 at 4096"])
    }

    @Test func evenGenerationsGoToTheOtherCopy() {
        #expect(writes(2, 1, 4).last == "head 0..<1024 at 8192")
    }

    @Test func writeOverTheEndIsTwoPieces() {
        #expect(
            writes(28, 5, 7) == [
                "slots 0..<256 at \(16_384 + 8 * 128)", "slots 256..<640 at 16384",
                "head 0..<1024 at 4096",
            ])
    }

    @Test func writeUpToTheEndIsOnePiece() {
        #expect(
            writes(28, 2, 2) == ["slots 0..<256 at \(16_384 + 8 * 128)", "head 0..<1024 at 8192"])
    }

    @Test func writeWithoutRecordsIsTheHeadRecordAlone() {
        #expect(writes(5, 0, 3) == ["head 0..<1024 at 4096"])
    }

    @Test func wholeRingIsWrittenFromAnyPlace() {
        for first: UInt64 in 0..<20 {
            let pieces = RingPieces(geometry: geometry, first: first, count: 10)
            var touched: [UInt64] = []
            for index in 0..<pieces.count {
                let piece = pieces[index]
                let slot = (piece.offset - 16_384) / 128
                touched += (0..<UInt64(piece.bytes.count) / 128).map { slot + $0 }
            }
            #expect(touched == (first..<first + 10).map { $0 % 10 })
        }
    }
}
