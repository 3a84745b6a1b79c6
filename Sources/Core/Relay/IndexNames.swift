public import Bytes

/// In which index a record belongs: `heart_rate-2025-07` for a timestamp of July 2025, or
/// `heart_rate` where indices are not split. By the record's own time, so that a record that comes
/// again meets itself.
public struct IndexNames: Equatable, Sendable {
    public var gateway: String
    public var patientStats: String
    /// A month has an index of its own.
    public var isMonthly: Bool

    public init(gateway: String, patientStats: String, isMonthly: Bool) {
        self.gateway = gateway
        self.patientStats = patientStats
        self.isMonthly = isMonthly
    }

    /// Appends the index of a record, `bytes` being what it was judged from.
    public func append(
        indexOf record: RelayRecord, in bytes: Span<UInt8>, to buffer: inout FixedBuffer
    ) {
        buffer.append(text: record.form.isPatientStats ? patientStats : gateway)
        guard isMonthly else { return }
        buffer.append(UInt8(ascii: "-"))
        // 2025-07 of 2025-07-15T17:10:33.123456Z; the time has been read, so these are digits.
        let start = record.time.lowerBound
        buffer.append(bytes.extracting(start..<start + 7))
    }
}
