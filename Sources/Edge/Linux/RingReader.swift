internal import Bytes
internal import CLinux
internal import Glibc
public import RecordRing

/// Why a ring file cannot be looked at.
public enum RingReaderError: Error, Equatable, Sendable, CustomStringConvertible {
    case system(SystemError)
    /// There is no file.
    case absent(path: String)
    case notARing(path: String)
    case newerVersion(path: String, UInt32)
    /// A gateway has the ring, and what is asked for needs it alone.
    case locked(path: String)

    public var description: String {
        switch self {
        case .system(let error): "\(error)"
        case .absent(let path):
            "\(path): there is no ring; name the gateway's data folder with --data, or its "
                + "configuration with --config"
        case .notARing(let path):
            "\(path): not a ring file; name the gateway's data folder with --data, or its "
                + "configuration with --config"
        case .newerVersion(let path, let version):
            "\(path): written by a newer pulsegate (ring format \(version), this one reads "
                + "\(RingHeader.formatVersion)); use that version's tools"
        case .locked(let path):
            "\(path): a gateway uses this ring; stop it first (systemctl stop pulsegate)"
        }
    }
}

/// A ring file as the tools look at it: read only and without its lock, so beside a gateway that
/// runs; and with a damaged header or a missing end, as far as there is anything to read.
///
/// A slot may be rewritten while it is read. Its checksum tells, and it is read again.
public struct RingReader: ~Copyable {
    let file: FileDescriptor
    public let path: String
    /// As the header says; as the length of the file says where the header cannot be used.
    public let geometry: RingGeometry
    /// Slots that the file has all the bytes of: fewer than the geometry's when it was cut.
    public private(set) var slotsInFile: UInt64
    /// What is wrong with the header or with the length of the file.
    public private(set) var headerFault: RingFormatError?
    public private(set) var fileBytes: UInt64
    /// When the file was made, microseconds since 1970; nil where the file system does not say.
    public let birth: Int64?
    private var chunk = FixedBuffer(capacity: chunkBytes)
    private var pausesLeft: Int
    /// Gives a writer time to finish.
    private let wait: () -> Void

    /// Slots are read in portions of 256 KiB.
    private static let chunkBytes = 256 << 10
    /// How often a portion with an unsettled slot is read again, and how long a writer gets for
    /// it each time.
    private static let readsAgain = 5
    private static let pauseNanoseconds = 20_000_000
    /// Pauses in all: one second. A damaged ring is not worth more, a writer needs far less.
    private static let pauseLimit = 50

    /// Opens the ring at `path` to look at it.
    public static func open(_ path: String) throws(RingReaderError) -> RingReader {
        try open(path) {
            var time = timespec(tv_sec: 0, tv_nsec: pauseNanoseconds)
            unsafe nanosleep(&time, nil)
        }
    }

    /// The same with another way to wait, for tests.
    static func open(
        _ path: String, wait: @escaping () -> Void
    ) throws(RingReaderError) -> RingReader {
        guard Path.exists(path) else { throw .absent(path: path) }
        let file = try wrap { () throws(SystemError) in
            try FileDescriptor.open(path, .readOnly)
        }
        let front = try front(of: file, path)
        return RingReader(file, path: path, front: front, pauses: pauseLimit, wait: wait)
    }

    /// Opens the ring at `path` and takes its lock: no gateway runs until the reader is gone.
    public static func openAlone(_ path: String) throws(RingReaderError) -> RingReader {
        guard Path.exists(path) else { throw .absent(path: path) }
        let file = try wrap { () throws(SystemError) in
            try FileDescriptor.open(path, .readWrite)
        }
        let isOurs = try wrap { () throws(SystemError) in try file.lock(path) }
        guard isOurs else { throw .locked(path: path) }
        do throws(RingReaderError) {
            let front = try front(of: file, path)
            return RingReader(file, path: path, front: front, pauses: 0, wait: {})
        } catch {
            file.unlock()
            throw error
        }
    }

    /// Gives the lock back, if it has it.
    deinit { file.unlock() }

    /// What the first bytes and the length of a file say.
    private struct Front {
        let geometry: RingGeometry
        let headerFault: RingFormatError?
        let fileBytes: UInt64
    }

    private init(
        _ file: consuming FileDescriptor, path: String, front: Front, pauses: Int,
        wait: @escaping () -> Void
    ) {
        self.wait = wait
        geometry = front.geometry
        headerFault = front.headerFault
        fileBytes = front.fileBytes
        let start = UInt64(RingGeometry.firstSlotOffset)
        let slots = fileBytes > start ? (fileBytes - start) / UInt64(Record.slotBytes) : 0
        slotsInFile = min(slots, front.geometry.slotCount)
        birth = file.birth
        pausesLeft = pauses
        self.path = path
        self.file = file
    }

    private static func front(
        of file: borrowing FileDescriptor, _ path: String
    ) throws(RingReaderError) -> Front {
        var page = FixedBuffer(capacity: RingHeader.byteCount)
        let length: UInt64
        do throws(SystemError) {
            length = try file.length(of: path)
            try file.read(
                Int(min(length, UInt64(RingHeader.byteCount))), at: 0, into: &page, subject: path)
        } catch {
            throw .system(error)
        }
        let fault: RingFormatError
        do throws(RingFormatError) {
            let header = try RingHeader(decoding: page.bytes, fileBytes: length)
            return Front(geometry: header.geometry, headerFault: nil, fileBytes: length)
        } catch {
            fault = error
        }
        let geometry: RingGeometry?
        switch fault {
        case .newerVersion(let version): throw .newerVersion(path: path, version)
        case .lengthDiffers(let expected, _): geometry = RingGeometry(fileBytes: expected)
        case .notARing, .headerDamaged: geometry = RingGeometry(fileBytes: length)
        }
        guard let geometry else { throw .notARing(path: path) }
        return Front(geometry: geometry, headerFault: fault, fileBytes: length)
    }

    private static func wrap<Result: ~Copyable>(
        _ body: () throws(SystemError) -> Result
    ) throws(RingReaderError) -> Result {
        do throws(SystemError) {
            return try body()
        } catch {
            throw .system(error)
        }
    }

    /// Looks at both head records and at every slot. A file that neither begins like a ring nor
    /// has a record is none.
    public mutating func survey() throws(RingReaderError) -> RingSurvey {
        let survey: RingSurvey
        do throws(SystemError) {
            survey = try look()
        } catch {
            throw .system(error)
        }
        if headerFault == .notARing && survey.recovery.recordCount == 0 {
            throw .notARing(path: path)
        }
        return survey
    }

    private mutating func look() throws(SystemError) -> RingSurvey {
        var (headA, headB) = (try head(generation: 1), try head(generation: 2))
        for _ in 0..<Self.readsAgain where headA == .damaged || headB == .damaged {
            guard pause() else { break }
            (headA, headB) = (try head(generation: 1), try head(generation: 2))
        }
        var survey = RingSurvey(geometry: geometry, headA: headA, headB: headB)
        try forEachSlot(in: 0..<slotsInFile) { slot, bytes in
            survey.examine(bytes, slot: slot)
        }
        return survey
    }

    /// Goes through all slots with `check` and hands out what it finds.
    public mutating func check(
        _ survey: RingSurvey, _ body: (RingFinding) -> Void
    ) throws(SystemError) -> RingCheck {
        let geometry = self.geometry
        var check = RingCheck(survey: survey)
        try forEachSlot(in: 0..<slotsInFile) { slot, bytes in
            let content = SlotContent(of: bytes, slot: slot, geometry: geometry)
            if let finding = check.examine(content, slot: slot) { body(finding) }
        }
        if let finding = check.finish() { body(finding) }
        return check
    }

    private borrowing func head(generation: UInt64) throws(SystemError) -> HeadContent {
        let offset = RingGeometry.headOffset(generation: generation)
        guard offset + UInt64(RingHead.byteCount) <= fileBytes else { return .damaged }
        var page = FixedBuffer(capacity: RingHead.byteCount)
        try file.read(RingHead.byteCount, at: offset, into: &page, subject: path)
        return HeadContent(of: page.bytes, place: generation)
    }

    /// Lends the bytes of each of these slots, in order.
    public mutating func forEachSlot(
        in slots: Range<UInt64>, _ body: (UInt64, Span<UInt8>) throws(SystemError) -> Void
    ) throws(SystemError) {
        let perChunk = UInt64(Self.chunkBytes / Record.slotBytes)
        var first = slots.lowerBound
        while first < slots.upperBound {
            let count = Int(min(perChunk, slots.upperBound - first))
            try readChunk(first: first, count: count)
            for index in 0..<count {
                try body(first + UInt64(index), chunk.bytes.extracting(Self.range(of: index)))
            }
            first += UInt64(count)
        }
    }

    /// Lends the bytes of the slots of these sequences, in order; the ring's end lies in between.
    public mutating func forEachSequence(
        in sequences: Range<UInt64>, _ body: (UInt64, Span<UInt8>) throws(SystemError) -> Void
    ) throws(SystemError) {
        var first = sequences.lowerBound
        while first < sequences.upperBound {
            let slot = first % geometry.slotCount
            let round = first - slot
            let end = min(geometry.slotCount, slot + (sequences.upperBound - first))
            // What the file was cut by cannot be read.
            let readable = min(max(slot, slotsInFile), end)
            try forEachSlot(in: slot..<readable) { (slot, bytes) throws(SystemError) in
                try body(round + slot, bytes)
            }
            first = round + end
        }
    }

    private mutating func readChunk(first: UInt64, count: Int) throws(SystemError) {
        for attempt in 0...Self.readsAgain {
            try readSlots(first: first, count: count)
            let isSettled = (0..<count).allSatisfy {
                SlotContent.isSettled(chunk.bytes.extracting(Self.range(of: $0)))
            }
            if isSettled || attempt == Self.readsAgain || !pause() { return }
        }
    }

    private mutating func readSlots(first: UInt64, count: Int) throws(SystemError) {
        chunk.removeAll()
        let offset = geometry.offset(ofSlot: first)
        let length = count * Record.slotBytes
        do throws(SystemError) {
            try file.read(length, at: offset, into: &chunk, subject: path)
        } catch {
            guard error.number == EIO else { throw error }
            try readPages(length, at: offset)
        }
    }

    /// A bad sector costs the records of its page: they read as bytes that are no record.
    private mutating func readPages(_ length: Int, at offset: UInt64) throws(SystemError) {
        chunk.removeAll()
        while chunk.count < length {
            let mark = chunk.count
            let part = min(RingGeometry.pageBytes, length - mark)
            do throws(SystemError) {
                try file.read(part, at: offset + UInt64(mark), into: &chunk, subject: path)
            } catch {
                guard error.number == EIO else { throw error }
                chunk.truncate(to: mark)
                for _ in 0..<part { chunk.append(0xFF) }
            }
        }
    }

    /// The header and the length are right now.
    mutating func frameWasMended() {
        headerFault = nil
        fileBytes = geometry.fileBytes
        slotsInFile = geometry.slotCount
    }

    private static func range(of index: Int) -> Range<Int> {
        index * Record.slotBytes..<(index + 1) * Record.slotBytes
    }

    /// Waits once more; false when there have been pauses enough.
    private mutating func pause() -> Bool {
        guard pausesLeft > 0 else { return false }
        pausesLeft -= 1
        wait()
        return true
    }
}

extension FileDescriptor {
    /// When the file was made, microseconds since 1970.
    fileprivate var birth: Int64? {
        let time = pulsegate_birth_microseconds(number)
        return time == Int64.min ? nil : time
    }
}
