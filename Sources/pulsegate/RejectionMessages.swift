import Gateway

extension Messages {
    /// The line of a report about what a sink refuses for good.
    static func rejectionLine(_ report: Report, sinks: [String]) -> (LogLevel, String) {
        switch report {
        case .recordsRejected(let sink, let count, let status, let first):
            (
                .warning,
                "sink \(sinks[sink]): \(RingText.count(UInt64(count), "record")) refused for "
                    + "good with status \(status), the first is \(first); "
                    + (count == 1 ? "it is" : "they are") + " kept as "
                    + (count == 1 ? "an error record" : "error records")
            )
        case .errorRejected(let sink, let sequence, let status):
            (
                .error,
                "sink \(sinks[sink]): error record \(sequence) refused for good with status "
                    + "\(status); it stays in the ring, where `pulsegate ring dump` shows it"
            )
        case .requestSplit(let sink, let status, let count):
            (
                .notice,
                "sink \(sinks[sink]): \(count) records refused together with status "
                    + "\(status); sent in smaller requests, to find out which it means"
            )
        default: preconditionFailure("this line is for what is refused for good")
        }
    }
}
