import Bytes
import RecordRing
import TestSupport
import Testing

/// The power goes while a ring is laid: it is laid again, or it is there.
///
/// First come zeros over the whole length, with a sync; then the header, with another. A cut
/// before the first sync leaves any length of zeros, which is no header of any ring.
struct LayingTests {
    /// What a file of these bytes is taken for.
    private enum Verdict { case ring, unfinished, refused }

    private func verdict(_ bytes: [UInt8]) -> Verdict {
        let front = [UInt8](bytes.prefix(RingHeader.byteCount))
        let rest = bytes.dropFirst(RingHeader.byteCount)
        if rest.allSatisfy({ $0 == 0 }),
            RingHeader.isUnfinished(front.span, fileBytes: UInt64(bytes.count))
        {
            return .unfinished
        }
        do throws(RingFormatError) {
            _ = try RingHeader(decoding: front.span, fileBytes: UInt64(bytes.count))
            return .ring
        } catch {
            return .refused
        }
    }

    @Test(arguments: [1, 32, 33, 64, 255, 256, 8_064] as [UInt64])
    func cutWhileTheHeaderIsWrittenNeedsNoRepair(_ slotCount: UInt64) {
        var random = SeededRandom(test: "cutWhileTheHeaderIsWrittenNeedsNoRepair(\(slotCount))")
        let geometry = RingGeometry(slotCount: slotCount)
        // The smallest file is one page of slots; a smaller ring is never laid.
        guard RingGeometry(fileBytes: geometry.fileBytes) != nil else { return }
        var disk = ModelDisk(bytes: [UInt8](repeating: 0, count: Int(geometry.fileBytes)))
        var header = [UInt8](repeating: 0, count: RingHeader.byteCount)
        var span = header.mutableSpan
        RingHeader(geometry: geometry).encode(into: &span)
        disk.write(header[...], at: 0)
        var verdicts: [Verdict: Int] = [:]
        let depth = CrashStates(subsets: 64, splits: CrashStates.everySplit)
        depth.forEach(of: disk, &random) { verdicts[verdict($0), default: 0] += 1 }
        #expect(verdicts[.refused] == nil, "seed \(random.seed)")
        #expect(verdicts[.ring] ?? 0 > 0 && verdicts[.unfinished] ?? 0 > 0)
    }

    @Test(arguments: [0, 1, 27, 28, 512, 16_384, 20_480])
    func zerosOfAnyLengthAreUnfinished(_ length: Int) {
        #expect(verdict([UInt8](repeating: 0, count: length)) == .unfinished)
    }
}
