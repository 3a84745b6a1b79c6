internal import Bytes
internal import CLinux
internal import Glibc
public import RecordRing
public import Time

/// The kernel's clocks.
public enum Clock {
    /// Both clocks, read one after the other.
    public static func now() -> Moment {
        Moment(
            monotonicNanoseconds: nanoseconds(CLOCK_BOOTTIME),
            wallMicroseconds: nanoseconds(CLOCK_REALTIME) / 1_000)
    }

    /// The monotonic clock alone: nanoseconds since boot, suspended time included.
    public static func monotonicNanoseconds() -> Int64 { nanoseconds(CLOCK_BOOTTIME) }

    /// CPU time of the whole process, nanoseconds.
    public static func processorNanoseconds() -> Int64 { nanoseconds(CLOCK_PROCESS_CPUTIME_ID) }

    private static func nanoseconds(_ clock: clockid_t) -> Int64 {
        var time = timespec()
        let result = unsafe clock_gettime(clock, &time)
        precondition(result == 0, "the kernel has the clocks of Linux 2.6.39 and later")
        return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }

    /// Whether anything has set the wall clock: the kernel's STA_UNSYNC, which NTP clients clear
    /// (adjtimex(2)).
    public static func state() -> ClockState {
        var request = timex()
        guard unsafe adjtimex(&request) >= 0 else { return .unsynced }
        return request.status & STA_UNSYNC == 0 ? .synced : .unsynced
    }

    /// When this program was built, microseconds since 1970, to the day: no time before is right.
    public static let buildMicroseconds = pulsegate_build_seconds() * 1_000_000

    /// The boot id of the running kernel.
    public static func bootID() throws(SystemError) -> BootID {
        let path = "/proc/sys/kernel/random/boot_id"
        let file = try FileDescriptor.open(path, .readOnly)
        var text = FixedBuffer(capacity: 64)
        _ = try file.read(atMost: 64, into: &text, subject: path)
        var bytes = FixedBuffer(capacity: 16)
        let digits = text.bytes
        var trimmed = digits.count
        while trimmed > 0, digits[trimmed - 1] == UInt8(ascii: "\n") { trimmed -= 1 }
        do throws(HexError) {
            try bytes.append(decodingHex: digits.extracting(0..<trimmed))
        } catch {
            throw SystemError(call: "read", subject: path, number: EBADMSG)
        }
        guard bytes.count == 16 else {
            throw SystemError(call: "read", subject: path, number: EBADMSG)
        }
        // The text is one number of 128 bits, its highest digit first.
        return BootID(
            high: bytes.bytes.loadUInt64(at: 0).byteSwapped,
            low: bytes.bytes.loadUInt64(at: 8).byteSwapped)
    }
}

/// Random numbers from the kernel (getrandom(2)): session ids and seeds.
public enum Entropy {
    public static func draw() -> UInt64 {
        var value: UInt64 = 0
        let length = unsafe withUnsafeMutableBytes(of: &value) { target in
            unsafe getrandom(target.baseAddress, target.count, 0)
        }
        precondition(length == 8, "the kernel gives 8 random bytes at once (getrandom(2))")
        return value
    }
}
