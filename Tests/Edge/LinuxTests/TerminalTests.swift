import Foundation
import Glibc
import Linux
import Testing

struct TerminalTests {
    /// ioctl_tty(2): numbers that Swift does not take over from the header.
    private let setTerminalLock: UInt = 0x4004_5431
    private let getTerminalNumber: UInt = 0x8004_5430

    /// Lends the program's side of a new terminal of this size (pty(7)).
    private func withTerminal(
        columns: UInt16, rows: UInt16, _ body: (Int32) throws -> Void
    ) throws {
        let ours = try FileDescriptor.open("/dev/ptmx", .readWrite)
        let master = ours.number
        var lock: Int32 = 0
        var index: UInt32 = 0
        // A struct winsize: which module has it depends on the order in which they are loaded.
        var size: [UInt16] = [rows, columns, 0, 0]
        let results = unsafe [
            ioctl(master, setTerminalLock, &lock), ioctl(master, getTerminalNumber, &index),
            ioctl(master, UInt(TIOCSWINSZ), &size),
        ]
        try #require(results == [0, 0, 0])
        let terminal = try FileDescriptor.open("/dev/pts/\(index)", .readWrite)
        try body(terminal.number)
    }

    @Test func terminalSaysItsSize() throws {
        try withTerminal(columns: 132, rows: 43) { number in
            #expect(Terminal.isTerminal(number))
            let size = Terminal.size(number)
            #expect(size?.columns == 132)
            #expect(size?.rows == 43)
        }
    }

    @Test(arguments: [(0, 0), (80, 0), (0, 24)] as [(UInt16, UInt16)])
    func serialLineDoesNotSay(_ columns: UInt16, _ rows: UInt16) throws {
        try withTerminal(columns: columns, rows: rows) { number in
            #expect(Terminal.isTerminal(number))
            #expect(Terminal.size(number) == nil)
        }
    }

    @Test func pipeIsNoTerminal() {
        let pipe = PipePair()
        #expect(!Terminal.isTerminal(pipe.reading.number))
        #expect(Terminal.size(pipe.reading.number) == nil)
    }
}

struct EnvironmentTests {
    @Test func variableThatIsNotSetIsNilAndAnEmptyOneIsEmpty() async {
        await #expect(processExitsWith: .success) {
            #expect(unsafe setenv("PULSEGATE_TEST_EMPTY", "", 1) == 0)
            #expect(unsafe setenv("PULSEGATE_TEST_VALUE", "a = b", 1) == 0)
            #expect(Environment.value("PULSEGATE_TEST_EMPTY") == "")
            #expect(Environment.value("PULSEGATE_TEST_VALUE") == "a = b")
            #expect(Environment.value("PULSEGATE_TEST_MISSING") == nil)
        }
    }

    @Test func hostNameEndsAtItsFirstDot() {
        let whole = ProcessInfo.processInfo.hostName
        #expect(!Environment.hostName().contains("."))
        #expect(whole.hasPrefix(Environment.hostName()) || whole == "localhost")
    }

    @Test func processUsesMemory() throws {
        let status = try text(of: "/proc/self/status")
        let line = try #require(status.split(separator: "\n").first { $0.hasPrefix("VmHWM:") })
        let kibibytes = try #require(Int(line.filter { $0.isNumber }))
        #expect(ProcessMemory.read().residentBytesMax >> 10 >= kibibytes, "it was read first")
    }

    /// getrusage(2) hands the largest set of the starting program on to the started one.
    @Test func memoryOfTheProgramThatStartedUsIsNotOurs() async {
        let bytes = [UInt8](repeating: 1, count: 192 << 20)
        await #expect(processExitsWith: .success) {
            #expect(ProcessMemory.read().residentBytesMax >> 10 < 128 << 10)
        }
        #expect(bytes[bytes.count - 1] == 1)
    }

    @Test func programEndsWithItsStatus() async {
        await #expect(processExitsWith: .exitCode(7)) { endProcess(7) }
    }
}
