/// Sizes that recovery has to know of the writer: how much of the ring can be in doubt.
public enum RingLimits {
    /// Records written to the card in one job at most: 256 KiB.
    public static let writeRecords: UInt64 = 2_048
    /// Records that have a sequence and are not synced, usually at most: a whole window of the
    /// gateway. A larger window costs recovery a full scan at worst.
    public static let unsyncedRecords: UInt64 = 8_192
}

/// Where the slots of a row of sequences lie in the file: in one piece, or in two when the ring's
/// end lies between them.
public struct RingPieces: Equatable, Sendable {
    /// Slots that lie one behind the other.
    public struct Piece: Equatable, Sendable {
        /// Byte offset in the file.
        public let offset: UInt64
        /// Its part of all the bytes of the row.
        public let bytes: Range<Int>
    }

    /// 0 for no slots at all, else 1 or 2.
    public let count: Int
    private let front: Piece
    private let back: Piece

    public init(geometry: RingGeometry, first: UInt64, count: Int) {
        precondition(
            count >= 0 && UInt64(count) <= geometry.slotCount, "a row is no longer than the ring")
        let slot = first % geometry.slotCount
        let split = Int(min(UInt64(count), geometry.slotCount - slot)) * Record.slotBytes
        let end = count * Record.slotBytes
        front = Piece(offset: geometry.offset(ofSlot: slot), bytes: 0..<split)
        back = Piece(offset: geometry.offset(ofSlot: 0), bytes: split..<end)
        self.count = count == 0 ? 0 : split == end ? 1 : 2
    }

    /// The pieces in the order of the sequences.
    public subscript(index: Int) -> Piece {
        precondition(index >= 0 && index < count, "a piece is asked for that is there")
        return index == 0 ? front : back
    }
}

/// What one write of the ring touches, in order: the slots in one or two pieces, then the head
/// record. Nothing else of the file changes; a crash anywhere between or within these writes is
/// what recovery has to stand.
public struct RingWritePlan: Equatable, Sendable {
    /// One write to the file.
    public struct Write: Equatable, Sendable {
        /// Whose bytes they are.
        public enum Source: Equatable, Sendable { case slots, head }

        public let source: Source
        /// Byte offset in the file.
        public let offset: UInt64
        /// Which bytes of the source.
        public let bytes: Range<Int>
    }

    private let pieces: RingPieces
    private let headOffset: UInt64

    /// A write of `count` records from the sequence `first`, and of the head record of this
    /// generation.
    public init(geometry: RingGeometry, first: UInt64, count: Int, generation: UInt64) {
        pieces = RingPieces(geometry: geometry, first: first, count: count)
        headOffset = RingGeometry.headOffset(generation: generation)
    }

    /// The number of writes, 1 to 3.
    public var count: Int { pieces.count + 1 }

    public subscript(index: Int) -> Write {
        if index == pieces.count {
            return Write(source: .head, offset: headOffset, bytes: 0..<RingHead.byteCount)
        }
        let piece = pieces[index]
        return Write(source: .slots, offset: piece.offset, bytes: piece.bytes)
    }
}
