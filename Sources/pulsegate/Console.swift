import Bytes
import Linux

/// Exit statuses, as sysexits and shells have them.
enum ExitStatus {
    static let success: Int32 = 0
    /// The command was understood and could not be done.
    static let failure: Int32 = 1
    /// The command line was not understood.
    static let usage: Int32 = 2
}

/// Standard output and standard error, unbuffered.
enum Console {
    static func write(_ bytes: Span<UInt8>) {
        do throws(SystemError) {
            try FileDescriptor.write(bytes, to: 1, subject: "standard output")
        } catch {
            // A reader that has gone (`pulsegate … | head`) is no failure of ours.
            endProcess(ExitStatus.success)
        }
    }

    static func write(_ text: String) { write(Array(text.utf8).span) }

    static func line(_ text: String) { write(text + "\n") }

    /// One line on standard error, with the program's name in front.
    static func error(_ text: String) { log("pulsegate: \(text)") }

    static func log(_ text: String) {
        do throws(SystemError) {
            try FileDescriptor.write(
                Array((text + "\n").utf8).span, to: 2, subject: "standard error")
        } catch {
            // There is nowhere left to complain.
        }
    }
}
