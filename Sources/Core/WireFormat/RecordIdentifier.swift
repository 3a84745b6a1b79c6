public import Bytes

extension FixedBuffer {
    /// Appends the id of a record, `gym-7:b1946ac9:18446`: it stays the same on every resend, so
    /// a consumer can drop repeats.
    public mutating func append(device: Span<UInt8>, session: UInt32, sequence: UInt64) {
        append(device)
        append(UInt8(ascii: ":"))
        append(hex: UInt64(session), digits: 8)
        append(UInt8(ascii: ":"))
        append(decimal: sequence)
    }
}
