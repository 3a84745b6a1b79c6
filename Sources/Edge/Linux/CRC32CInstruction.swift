internal import Bytes
internal import CLinux

/// The CPU's own CRC-32C: SSE4.2 on x86_64 (every one since 2008), the CRC extension of ARMv8
/// (every 64-bit Raspberry Pi). About a third of the time of the tables for a record.
public enum CRC32CInstruction {
    /// Whether this CPU has it. Found out at run time: one program serves all CPUs.
    public static var isAvailable: Bool { pulsegate_has_crc32c() != 0 }

    /// Lets `CRC32C.checksum` use the instruction where the CPU has it. At the start of a process,
    /// before it has a second thread.
    public static func use() {
        if isAvailable { unsafe CRC32C.use { checksum($0) } }
    }

    /// The checksum by the instruction.
    public static func checksum(_ bytes: Span<UInt8>) -> UInt32 {
        unsafe bytes.withUnsafeBufferPointer {
            unsafe pulsegate_crc32c($0.baseAddress, $0.count)
        }
    }
}
