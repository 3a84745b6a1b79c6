internal import Bytes
internal import Glibc
public import RecordRing

/// What a repair has changed.
public struct RingRepair: Equatable, Sendable {
    public internal(set) var slotsZeroed: UInt64 = 0
    public internal(set) var headsWritten: Int = 0
    /// The file with what was there before; nil when nothing had to be changed.
    public internal(set) var sideFile: String?
}

extension RingReader {
    /// Zeroes the slots that nobody can read and writes damaged head records anew; nothing else
    /// is touched. What it changes it writes to a new file at `sideFile` first, a line each, and
    /// syncs it:
    ///
    /// ```
    /// {"offset":18560,"length":128,"bytes":"…256 hexadecimal digits…"}
    /// ```
    ///
    /// Only for a reader that has the ring alone, with a whole header.
    public mutating func repair(
        _ survey: RingSurvey, sideFile: String
    ) throws(SystemError) -> RingRepair {
        precondition(headerFault == nil, "only a ring with a whole header is repaired")
        var repair = RingRepair()
        let heads = survey.headRepairs
        var slots: UInt64 = 0
        try forEachRepairable { _, _ in slots += 1 }
        guard slots > 0 || !heads.isEmpty else { return repair }
        try save(heads, to: sideFile)
        repair.sideFile = sideFile
        let zeros = [UInt8](repeating: 0, count: Record.slotBytes)
        // A second descriptor of the same file and lock, because the first one is being read.
        let writer = try file.duplicate(path)
        let path = self.path
        try forEachRepairable { (offset, _) throws(SystemError) in
            try writer.write(zeros.span, at: offset, subject: path)
        }
        repair.slotsZeroed = slots
        for head in heads {
            var page = [UInt8](repeating: 0, count: RingHead.byteCount)
            var span = page.mutableSpan
            head.encode(into: &span)
            try file.write(
                page.span, at: RingGeometry.headOffset(generation: head.generation), subject: path)
            repair.headsWritten += 1
        }
        try file.synchronize(path)
        return repair
    }

    /// Writes the header anew, or zeros where the file was cut; nothing else is touched. What was
    /// there it writes to a new file at `sideFile` first: the header as a line like those of
    /// `repair`, of a cut file the length:
    ///
    /// ```
    /// {"file_length":272484}
    /// ```
    ///
    /// A disk that has no room for the zeros leaves the file as it was. Only for a reader that has
    /// the ring alone.
    public mutating func mend(
        _ frame: RingFrameRepair, sideFile: String
    ) throws(SystemError) {
        switch frame {
        case .nothing: return
        case .refused: preconditionFailure("nothing is written where there is doubt")
        case .writeHeader: try writeHeader(sideFile: sideFile)
        case .extend(let from, let to): try extend(from: from, to: to, sideFile: sideFile)
        }
        try file.synchronize(path)
        frameWasMended()
    }

    private func writeHeader(sideFile: String) throws(SystemError) {
        var output = try NewFile.create(sideFile)
        var page = FixedBuffer(capacity: RingHeader.byteCount)
        try file.read(RingHeader.byteCount, at: 0, into: &page, subject: path)
        output.append(change: page.bytes, at: 0)
        try output.finish()
        var bytes = page.mutableBytes(in: 0..<RingHeader.byteCount)
        RingHeader(geometry: geometry).encode(into: &bytes)
        try file.write(page.bytes, at: 0, subject: path)
    }

    private func extend(
        from start: UInt64, to end: UInt64, sideFile: String
    ) throws(SystemError) {
        var output = try NewFile.create(sideFile)
        output.lines.append("{\"file_length\":")
        output.lines.append(decimal: start)
        output.lines.append("}\n")
        try output.finish()
        let zeros = [UInt8](repeating: 0, count: RingGeometry.pageBytes)
        var offset = start
        do throws(SystemError) {
            while offset < end {
                let count = Int(min(UInt64(zeros.count), end - offset))
                try file.write(zeros.span.extracting(0..<count), at: offset, subject: path)
                offset += UInt64(count)
            }
        } catch {
            try file.truncate(to: start, subject: path)
            throw error
        }
    }

    /// Lends offset and bytes of each slot that a repair zeroes. What a newer version has written
    /// stays.
    private mutating func forEachRepairable(
        _ body: (UInt64, Span<UInt8>) throws(SystemError) -> Void
    ) throws(SystemError) {
        let geometry = self.geometry
        try forEachSlot(in: 0..<slotsInFile) { (slot, bytes) throws(SystemError) in
            switch SlotContent(of: bytes, slot: slot, geometry: geometry) {
            case .empty, .record, .unreadable(.unknown): return
            case .unreadable: try body(geometry.offset(ofSlot: slot), bytes)
            }
        }
    }

    private mutating func save(_ heads: [RingHead], to path: String) throws(SystemError) {
        var output = try NewFile.create(path)
        var page = FixedBuffer(capacity: RingHead.byteCount)
        for head in heads {
            let offset = RingGeometry.headOffset(generation: head.generation)
            page.removeAll()
            try file.read(RingHead.byteCount, at: offset, into: &page, subject: self.path)
            output.append(change: page.bytes, at: offset)
            try output.flushWhenFull()
        }
        try forEachRepairable { (offset, bytes) throws(SystemError) in
            output.append(change: bytes, at: offset)
            try output.flushWhenFull()
        }
        try output.finish()
    }
}

extension FileDescriptor {
    fileprivate borrowing func duplicate(_ path: String) throws(SystemError) -> FileDescriptor {
        let number = self.number
        return FileDescriptor(owning: try retrying("dup", path) { dup(number) })
    }
}

extension NewFile {
    fileprivate mutating func append(change bytes: Span<UInt8>, at offset: UInt64) {
        lines.append("{\"offset\":")
        lines.append(decimal: offset)
        lines.append(",\"length\":")
        lines.append(decimal: UInt64(bytes.count))
        lines.append(",\"bytes\":\"")
        for index in bytes.indices { lines.append(hex: UInt64(bytes[index]), digits: 2) }
        lines.append("\"}\n")
    }
}
