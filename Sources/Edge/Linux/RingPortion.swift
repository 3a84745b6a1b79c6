public import Bytes
internal import Glibc
internal import RecordRing

extension SystemError {
    /// Page after page of the file at `path` cannot be read.
    public static func cardGivesNothing(_ path: String) -> SystemError {
        SystemError(call: "pread", subject: path, number: EIO)
    }
}

// Reading the ring for whoever asks while the gateway runs, in portions: on the disk worker's
// thread, like every use of the descriptor, so that nothing is read that is being written.
extension RingFile {
    /// Records in a page of the card, the unit of what is given up as unreadable.
    public static let pageRecords = RingGeometry.pageBytes / Record.slotBytes

    /// Reads the slots of `count` sequences from `first` on into the empty `slots`. Where the card
    /// does not give them all (a bad sector, a file that was cut), the first page of them alone;
    /// false when it does not give that one either.
    public func readSlots(
        first: UInt64, count: Int, into slots: inout FixedBuffer
    ) throws(SystemError) -> Bool {
        for attempt in [count, min(count, Self.pageRecords)] {
            slots.removeAll()
            do throws(SystemError) {
                let pieces = RingPieces(geometry: geometry, first: first, count: attempt)
                for index in 0..<pieces.count {
                    try descriptor.read(
                        pieces[index].bytes.count, at: pieces[index].offset, into: &slots,
                        subject: path)
                }
                return true
            } catch {
                guard error.number == EIO || error.number == ENODATA else { throw error }
            }
        }
        slots.removeAll()
        return false
    }
}
