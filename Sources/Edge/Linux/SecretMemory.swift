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

/// What the poll loop is at. A loop that hangs cannot say so itself: the signal of the watchdog
/// (SIGABRT) makes these the process's last words.
public enum LastWords {
    /// From now on the end by SIGABRT says the stage.
    public static func prepare() { pulsegate_say_stage_on_abort() }

    public static func note(_ stage: StaticString) {
        // A literal ends with NUL and is never freed.
        unsafe stage.utf8Start.withMemoryRebound(
            to: CChar.self, capacity: stage.utf8CodeUnitCount + 1
        ) { unsafe pulsegate_set_stage($0) }
    }
}
