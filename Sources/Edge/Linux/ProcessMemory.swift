internal import Bytes

/// What the process has in memory now (proc(5), /proc/PID/status).
public struct ProcessMemory: Equatable, Sendable {
    /// Pages in memory (VmRSS).
    public let residentBytes: Int
    /// The most that there were so far (VmHWM). It is not getrusage(2)'s, which begins with the
    /// set of the program that started this one.
    public let residentBytesMax: Int
    /// Those of them that no file stands behind (RssAnon): what the process itself has taken.
    public let ownBytes: Int
    public let threads: Int

    /// 0 where the system does not say.
    public static func read() -> ProcessMemory {
        let path = "/proc/self/status"
        var text = FixedBuffer(capacity: 4_096)
        do throws(SystemError) {
            let file = try FileDescriptor.open(path, .readOnly)
            _ = try file.read(atMost: text.capacity, into: &text, subject: path)
        } catch {
            return ProcessMemory(
                residentBytes: 0, residentBytesMax: 0, ownBytes: 0, threads: 0)
        }
        let lines = text.withBytes { String(decoding: $0) }
        return ProcessMemory(
            residentBytes: number("VmRSS:", lines) << 10,
            residentBytesMax: number("VmHWM:", lines) << 10,
            ownBytes: number("RssAnon:", lines) << 10, threads: number("Threads:", lines))
    }

    private static func number(_ name: String, _ text: String) -> Int {
        for line in text.split(separator: "\n") where line.hasPrefix(name) {
            let words = line.dropFirst(name.count).split { $0 == " " || $0 == "\t" }
            return words.first.flatMap { Int($0) } ?? 0
        }
        return 0
    }
}
