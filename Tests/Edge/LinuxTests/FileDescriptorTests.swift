import Bytes
import Foundation
import Glibc
import Linux
import Testing

struct FileDescriptorTests {
    @Test func newFileIsForItsOwnerAndReadableByTheGroup() async {
        await #expect(processExitsWith: .success) {
            let folder = try TemporaryFolder()
            let modes: [(mask: mode_t, mode: mode_t)] = [
                (0o000, 0o640), (0o027, 0o640), (0o077, 0o600),
            ]
            for (mask, mode) in modes {
                umask(mask)
                let path = folder.file("mask-\(mask)")
                _ = try FileDescriptor.open(path, .createReadWrite)
                #expect(permissions(of: path) == mode)
            }
        }
    }

    @Test(arguments: [FileDescriptor.Mode.readOnly, .readWrite])
    func missingFileIsAnErrorThatNamesCallAndPath(_ mode: FileDescriptor.Mode) throws {
        let folder = try TemporaryFolder()
        let path = folder.file("missing")
        let error = #expect(throws: SystemError.self) { _ = try FileDescriptor.open(path, mode) }
        #expect(error == SystemError(call: "open", subject: path, number: ENOENT))
        #expect(error?.description == "open \(path): No such file or directory (errno 2)")
    }

    @Test func newFileIsRefusedWhereOneIs() throws {
        let folder = try TemporaryFolder()
        let path = try folder.file("there", holding: "kept")
        #expect(throws: SystemError(call: "open", subject: path, number: EEXIST)) {
            _ = try FileDescriptor.open(path, .createNewReadWrite)
        }
        #expect(try text(of: path) == "kept")
    }

    @Test func existingFileIsOpenedAsItIs() throws {
        let folder = try TemporaryFolder()
        let path = try folder.file("there", holding: "kept")
        for mode in [FileDescriptor.Mode.readOnly, .readWrite, .createReadWrite, .createAppend] {
            let file = try FileDescriptor.open(path, mode)
            #expect(try file.length(of: path) == 4)
        }
        #expect(try text(of: path) == "kept")
    }

    @Test func appendingWritesBehindWhatIsThere() throws {
        let folder = try TemporaryFolder()
        let path = try folder.file("log", holding: "one ")
        let file = try FileDescriptor.open(path, .createAppend)
        try file.write([UInt8]("two ".utf8).span, subject: path)
        try overwrite(path, at: 8, with: [UInt8]("others ".utf8))
        try file.write([UInt8]("three".utf8).span, subject: path)
        #expect(try text(of: path) == "one two others three")
    }

    @Test func descriptorStaysHereWhenAnotherProgramIsStarted() throws {
        let folder = try TemporaryFolder()
        let file = try FileDescriptor.open(folder.file("a"), .createReadWrite)
        #expect(fcntl(file.number, F_GETFD) & FD_CLOEXEC != 0)
    }

    @Test func descriptorIsClosedWhenItsValueEnds() throws {
        let pipe = PipePair()
        do {
            let writing = FileDescriptor(owning: dup(pipe.writingNumber))
            pipe.closeWriting()
            try writing.write([UInt8]("last".utf8).span, subject: "pipe")
            #expect(try pipe.receive(atMost: 16) == "last")
        }
        #expect(try pipe.receive(atMost: 16) == "", "the last writer has gone")
    }

    @Test func readTellsBytesNothingYetAndTheEndApart() throws {
        let pipe = PipePair()
        #expect(fcntl(pipe.reading.number, F_SETFL, O_NONBLOCK) == 0)
        #expect(try pipe.receive(atMost: 16) == nil)
        try pipe.send("heart")
        #expect(try pipe.receive(atMost: 3) == "hea")
        #expect(try pipe.receive(atMost: 16) == "rt")
        #expect(try pipe.receive(atMost: 16) == nil)
        pipe.closeWriting()
        #expect(try pipe.receive(atMost: 16) == "")
    }

    @Test func readAppendsBehindWhatTheBufferHolds() throws {
        let pipe = PipePair()
        try pipe.send("heart rate")
        var buffer = FixedBuffer(capacity: 8)
        buffer.append("my ")
        #expect(try pipe.reading.read(atMost: 100, into: &buffer, subject: "pipe") == 5)
        #expect(String(decoding: buffer.bytes) == "my heart")
    }

    @Test func folderCannotBeRead() throws {
        let folder = try TemporaryFolder()
        let path = folder.path
        let error = #expect(throws: SystemError.self) {
            var buffer = FixedBuffer(capacity: 16)
            let file = try FileDescriptor.open(path, .readOnly)
            _ = try file.read(atMost: 16, into: &buffer, subject: path)
        }
        #expect(error?.description == "read \(path): Is a directory (errno 21)")
    }

    @Test func writeGoesOnUntilAFullPipeHasTakenAll() throws {
        let pipe = PipePair()
        let bytes = (0..<300_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        let number = dup(pipe.writingNumber)
        pipe.closeWriting()
        // A pipe holds 64 KiB: the writer has to wait for the reader several times.
        Thread {
            do throws(SystemError) {
                try FileDescriptor.write(bytes.span, to: number, subject: "pipe")
            } catch {
                Issue.record(error)
            }
            _ = close(number)
        }.start()
        var received: [UInt8] = []
        var buffer = FixedBuffer(capacity: 65_536)
        while let count = try pipe.reading.read(atMost: 65_536, into: &buffer, subject: "pipe"),
            count > 0
        {
            for index in 0..<count { received.append(buffer.bytes[index]) }
            buffer.removeAll()
        }
        let isWhole = received == bytes
        #expect(isWhole)
    }

    /// Signals whose handler does not ask for SA_RESTART end a write in its middle (signal(7)).
    @Test func writeThatSignalsInterruptGoesOnWhereItStood() async {
        await #expect(processExitsWith: .success) {
            var action = sigaction()
            unsafe action.__sigaction_handler.sa_handler = { _ in }
            #expect(unsafe sigaction(SIGUSR1, &action, nil) == 0)
            let pipe = PipePair()
            // Writes end between pages: no page is like another.
            let bytes = (0..<1_000_000).map { UInt8(truncatingIfNeeded: $0 / 4_099) }
            let writer = Writer(bytes, to: pipe.writingNumber)
            writer.hasBegun.wait()
            var received: [UInt8] = []
            var buffer = FixedBuffer(capacity: 4_096)
            while received.count < bytes.count {
                buffer.removeAll()
                _ = try pipe.reading.read(atMost: 4_096, into: &buffer, subject: "pipe")
                for index in 0..<buffer.count { received.append(buffer.bytes[index]) }
                pthread_kill(writer.thread, SIGUSR1)
            }
            writer.mayEnd.signal()
            writer.hasEnded.wait()
            let isWhole = received == bytes
            #expect(isWhole)
            #expect(writer.failure == nil)
        }
    }

    @Test func fullDeviceIsAnErrorOfWrite() throws {
        let file = try FileDescriptor.open("/dev/full", .readWrite)
        let error = #expect(throws: SystemError.self) {
            try FileDescriptor.write([1, 2].span, to: file.number, subject: "standard output")
        }
        #expect(
            error?.description
                == "write standard output: No space left on device (errno 28)")
    }

    @Test func fileOpenedToReadTakesNoWrite() throws {
        let folder = try TemporaryFolder()
        let path = try folder.file("there", holding: "kept")
        let file = try FileDescriptor.open(path, .readOnly)
        #expect(throws: SystemError(call: "write", subject: path, number: EBADF)) {
            try FileDescriptor.write([1].span, to: file.number, subject: path)
        }
    }

    @Test func numberThatTheKernelHasNoWordsForIsStillNamed() {
        let error = SystemError(call: "open", subject: "x", number: 4_095)
        #expect(error.description == "open x: error 4095 (errno 4095)")
    }
}

/// A thread that writes, and that lives until it is told to end: so it can be signalled.
private final class Writer: @unchecked Sendable {
    // @unchecked: the semaphores order what the two threads do.
    let hasBegun = DispatchSemaphore(value: 0)
    let mayEnd = DispatchSemaphore(value: 0)
    let hasEnded = DispatchSemaphore(value: 0)
    private(set) var thread = pthread_t()
    private(set) var failure: SystemError?

    init(_ bytes: [UInt8], to number: Int32) {
        Thread { [self] in
            thread = pthread_self()
            receiveEverySignal()
            hasBegun.signal()
            do throws(SystemError) {
                try FileDescriptor.write(bytes.span, to: number, subject: "pipe")
            } catch {
                failure = error
            }
            mayEnd.wait()
            hasEnded.signal()
        }.start()
    }
}
