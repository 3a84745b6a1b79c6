import Bytes
import Foundation
import Glibc
import Linux

/// A folder of one test's own; it goes with the test.
final class TemporaryFolder: Sendable {
    let path: String

    init() throws(SystemError) {
        path = try Path.makeTemporaryFolder(prefix: "pulsegate-tests-")
    }

    deinit {
        do {
            try FileManager.default.removeItem(atPath: path)
        } catch {
            print("left behind: \(path): \(error)")
        }
    }

    /// A path in the folder.
    func file(_ name: String) -> String { "\(path)/\(name)" }

    /// A file in the folder with this text.
    func file(_ name: String, holding text: String) throws(SystemError) -> String {
        try file(name, holding: [UInt8](text.utf8))
    }

    func file(_ name: String, holding bytes: [UInt8]) throws(SystemError) -> String {
        let path = file(name)
        try Path.remove(path)
        let descriptor = try FileDescriptor.open(path, .createNewReadWrite)
        try descriptor.write(bytes.span, subject: path)
        return path
    }

    /// Names of what is in the folder, in order.
    func names() throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: path).sorted()
    }
}

/// A pipe whose writing end can be closed before its reading end.
final class PipePair {
    let reading: FileDescriptor
    private(set) var writingNumber: Int32

    init() {
        var numbers: [Int32] = [-1, -1]
        let result = unsafe pipe(&numbers)
        precondition(result == 0, "the kernel gives a pipe")
        reading = FileDescriptor(owning: numbers[0])
        writingNumber = numbers[1]
    }

    deinit { closeWriting() }

    func closeWriting() {
        if writingNumber >= 0 { _ = close(writingNumber) }
        writingNumber = -1
    }

    /// Writes into the pipe.
    func send(_ text: String) throws(SystemError) {
        try FileDescriptor.write([UInt8](text.utf8).span, to: writingNumber, subject: "pipe")
    }

    /// Reads what is there, at most `length` bytes of text; nil when nothing is there now.
    func receive(atMost length: Int) throws(SystemError) -> String? {
        var buffer = FixedBuffer(capacity: length)
        let count = try reading.read(atMost: length, into: &buffer, subject: "pipe")
        precondition(count ?? 0 == buffer.count, "a read counts what it appends")
        return count == nil ? nil : String(decoding: buffer.bytes)
    }
}

/// Whether the descriptor becomes readable, waiting ten seconds for it at most.
func becomesReadable(_ number: Int32) -> Bool { isReadable(number, within: 10_000) }

/// Whether the descriptor is readable now.
func isReadable(_ number: Int32, within milliseconds: Int32 = 0) -> Bool {
    var entry = pollfd(fd: number, events: Int16(POLLIN), revents: 0)
    return unsafe poll(&entry, 1, milliseconds) == 1 && entry.revents & Int16(POLLIN) != 0
}

/// The whole file as text.
func text(of path: String) throws(SystemError) -> String {
    String(decoding: try Path.contents(of: path, atMost: 1 << 24), as: UTF8.self)
}

/// Writes over bytes of a file behind the back of whoever has it open.
func overwrite(_ path: String, at offset: UInt64, with bytes: [UInt8]) throws {
    let handle = try FileHandle(forWritingTo: URL(fileURLWithPath: path))
    try handle.seek(toOffset: offset)
    try handle.write(contentsOf: bytes)
    try handle.close()
}

/// Makes the file longer or shorter behind the back of whoever has it open.
func cut(_ path: String, to length: UInt64) throws {
    let handle = try FileHandle(forWritingTo: URL(fileURLWithPath: path))
    try handle.truncate(atOffset: length)
    try handle.close()
}

/// Permission bits of a path.
func permissions(of path: String) -> mode_t {
    var status = stat()
    guard unsafe stat(path, &status) == 0 else { return 0 }
    return status.st_mode & 0o7777
}

/// Lets this process write no file beyond `bytes`: what is written across the limit is written
/// in part and then fails (EFBIG), as on a full disk. For child processes only.
func limitFileLength(_ bytes: UInt64) {
    signal(SIGXFSZ, SIG_IGN)
    var limit = rlimit()
    let resource = __rlimit_resource_t(RLIMIT_FSIZE.rawValue)
    _ = unsafe getrlimit(resource, &limit)
    limit.rlim_cur = rlim_t(bytes)
    let result = unsafe setrlimit(resource, &limit)
    precondition(result == 0, "a process may lower and raise its soft limit")
}

/// Lets every signal through to this thread: those of the test runner's pool block them, and
/// threads that are made there inherit that. For child processes only.
func receiveEverySignal() {
    var mask = sigset_t()
    unsafe sigemptyset(&mask)
    let result = unsafe pthread_sigmask(SIG_SETMASK, &mask, nil)
    precondition(result == 0, "a thread sets its own mask")
}
