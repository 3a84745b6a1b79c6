public import Bytes

/// A small file that is replaced as a whole, on the disk worker's thread: whoever reads it finds
/// the old text or the new one.
public final class NotesFile: DiskJob, @unchecked Sendable {
    // @unchecked: between `submit` and `nextFinished` the worker alone touches the job.
    public let path: String
    private var text: FixedBuffer
    /// What went wrong; nil when nothing did.
    public private(set) var failure: SystemError?

    /// `bytesMax` is the length of the longest text, 4 KiB at most.
    public init(path: String, bytesMax: Int) {
        precondition(bytesMax <= NewFile.lineBytesMax, "notes are short")
        self.path = path
        text = FixedBuffer(capacity: bytesMax)
    }

    /// Lets `fill` write the next text.
    public func prepare(_ fill: (inout FixedBuffer) -> Void) {
        text.removeAll()
        fill(&text)
        precondition(!text.overflowed, "notes fit their buffer")
    }

    /// The text that is there; nil without a file. One that is too long is cut.
    public func read() throws(SystemError) -> [UInt8]? {
        guard Path.exists(path) else { return nil }
        return try Path.contents(of: path, atMost: text.capacity)
    }

    public func perform() {
        do throws(SystemError) {
            var file = try NewFile.create(path, replacing: true)
            file.lines.append(text.bytes)
            try file.finish()
            failure = nil
        } catch {
            failure = error
        }
    }
}
