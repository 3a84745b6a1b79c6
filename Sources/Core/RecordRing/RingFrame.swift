/// What a repair does about the file itself: its header and its length. It writes only what the
/// records and the header leave no doubt of.
public enum RingFrameRepair: Equatable, Sendable {
    /// The header and the length are right.
    case nothing
    /// The header is damaged, and the length and the records say what stood there.
    case writeHeader
    /// The file was cut, and its header says where its end was: zeros from there to here.
    case extend(from: UInt64, to: UInt64)
    case refused(RingFrameDoubt)
}

/// Why nobody can say what the file was.
public enum RingFrameDoubt: Equatable, Sendable {
    /// No whole record and no whole head record: there is nothing to keep.
    case nothingToKeep
    /// So many whole records lie in slots that are not theirs: with this number of slots the file
    /// is another ring.
    case misplacedRecords(UInt64)
    /// So many records are of a newer version, which may have had another header.
    case newerRecords(UInt64)
    /// A ring of whole slots does not have this length.
    case lengthOfNoRing
    /// Behind the end that the header names there are other bytes.
    case bytesBehindTheEnd
}

extension RingFrameRepair {
    /// `fault` is what is wrong with the header or the length; `geometry` was taken from the
    /// header, or from the length where the header is damaged; `check` has seen every slot.
    public init(
        fault: RingFormatError?, geometry: RingGeometry, fileBytes: UInt64, survey: RingSurvey,
        check: RingCheck
    ) {
        guard let fault else {
            self = .nothing
            return
        }
        if check.wholeCount == 0 && survey.head == nil {
            self = .refused(.nothingToKeep)
            return
        }
        switch fault {
        case .lengthDiffers(let expected, let actual):
            self =
                actual < expected
                ? .extend(from: actual, to: expected) : .refused(.bytesBehindTheEnd)
        case .notARing, .headerDamaged, .newerVersion:
            self = Self.header(geometry, fileBytes: fileBytes, check)
        }
    }

    private static func header(
        _ geometry: RingGeometry, fileBytes: UInt64, _ check: RingCheck
    ) -> RingFrameRepair {
        if geometry.fileBytes != fileBytes { return .refused(.lengthOfNoRing) }
        if check.misplacedCount > 0 { return .refused(.misplacedRecords(check.misplacedCount)) }
        if check.unknownCount > 0 { return .refused(.newerRecords(check.unknownCount)) }
        return .writeHeader
    }
}
