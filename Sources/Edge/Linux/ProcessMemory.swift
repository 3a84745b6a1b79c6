internal import Bytes
internal import Glibc

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

    /// Bytes in memory alone, out of /proc/self/statm: cheap enough for every scrape.
    public static func residentBytes() -> Int {
        let path = "/proc/self/statm"
        var text = FixedBuffer(capacity: 128)
        do throws(SystemError) {
            let file = try FileDescriptor.open(path, .readOnly)
            _ = try file.read(atMost: text.capacity, into: &text, subject: path)
        } catch {
            return 0
        }
        // The second number, in pages.
        let bytes = text.bytes
        var place = 0
        while place < bytes.count, bytes[place] != UInt8(ascii: " ") { place += 1 }
        let start = min(place + 1, bytes.count)
        var end = start
        while end < bytes.count, bytes[end] != UInt8(ascii: " ") { end += 1 }
        let pages = bytes.extracting(start..<end).parseDecimal() ?? 0
        return Int(clamping: pages) * sysconf(Int32(_SC_PAGESIZE))
    }

    private static func number(_ name: String, _ text: String) -> Int {
        for line in text.split(separator: "\n") where line.hasPrefix(name) {
            let words = line.dropFirst(name.count).split { $0 == " " || $0 == "\t" }
            return words.first.flatMap { Int($0) } ?? 0
        }
        return 0
    }
}
