internal import CLinux

/// Keeps what is in memory out of files.
public enum SecretMemory {
    /// The process leaves no core file, neither in a folder nor with a handler, and only root
    /// attaches a debugger to it: its memory has keys in it (prctl(2), PR_SET_DUMPABLE).
    public static func forbidCoreDumps() throws(SystemError) {
        try retrying("prctl", "core dumps") { pulsegate_forbid_core_dumps() }
    }
}
