internal import CLinux
internal import Glibc

/// Keeps what is in memory out of files.
public enum SecretMemory {
    /// The process leaves no core file, neither in a folder nor with a handler, and only root
    /// attaches a debugger to it: its memory has keys in it (prctl(2), PR_SET_DUMPABLE).
    public static func forbidCoreDumps() throws(SystemError) {
        try retrying("prctl", "core dumps") { pulsegate_forbid_core_dumps() }
    }

    /// A crash ends the process without a report of its registers and of the memory that they
    /// point to, which Swift's runtime would write into the log. Whoever sets `SWIFT_BACKTRACE`
    /// wants the report and gets it.
    public static func forbidCrashReports() {
        if unsafe getenv("SWIFT_BACKTRACE") == nil { pulsegate_forbid_crash_reports() }
    }
}
