import Bytes

/// Writes metrics as OpenMetrics 1.0 text (github.com/prometheus/OpenMetrics, specification 1.0.0)
/// into memory that is taken at the start: a scrape allocates nothing.
///
/// ```
/// # TYPE pulsegate_ring_written_bytes counter
/// # UNIT pulsegate_ring_written_bytes bytes
/// # HELP pulsegate_ring_written_bytes Bytes handed to the kernel for the ring file.
/// pulsegate_ring_written_bytes_total 364416
/// # EOF
/// ```
///
/// First `begin`, then for each family `family` and its samples (labels, then a value), and in the
/// end `finish`. A family without a sample is one that nothing is known of yet.
public struct MetricsText: ~Copyable {
    /// What a family's samples are.
    public enum Kind: Sendable {
        case gauge, counter, histogram, info, stateset

        fileprivate var word: StaticString {
            switch self {
            case .gauge: "gauge"
            case .counter: "counter"
            case .histogram: "histogram"
            case .info: "info"
            case .stateset: "stateset"
            }
        }

        /// What samples have behind the family's name.
        fileprivate var suffix: StaticString {
            switch self {
            case .counter: "_total"
            case .info: "_info"
            case .histogram: "_bucket"
            case .gauge, .stateset: ""
            }
        }
    }

    /// The media type of the text.
    public static let contentType =
        "application/openmetrics-text; version=1.0.0; charset=utf-8"

    private var text: FixedBuffer
    private var name: StaticString = ""
    private var kind = Kind.gauge
    private var isInSample = false
    private var hasLabels = false

    public init(capacity: Int) { text = FixedBuffer(capacity: capacity) }

    public mutating func begin() { text.removeAll() }

    /// Begins a family. Its name ends with its unit, a base unit, if it has one.
    public mutating func family(
        _ name: StaticString, _ kind: Kind, unit: StaticString? = nil, _ help: StaticString
    ) {
        precondition(!isInSample, "a sample has a value before the next family")
        self.name = name
        self.kind = kind
        text.append("# TYPE ")
        text.append(name)
        text.append(" ")
        text.append(kind.word)
        if let unit {
            text.append("\n# UNIT ")
            text.append(name)
            text.append(" ")
            text.append(unit)
        }
        text.append("\n# HELP ")
        text.append(name)
        text.append(" ")
        text.append(help)
        text.append("\n")
    }

    // MARK: Labels of the next sample

    public mutating func label(_ label: StaticString, _ value: StaticString) {
        open(label)
        text.append(value)
        text.append("\"")
    }

    /// The value may be any text in UTF-8.
    public mutating func label(_ label: StaticString, _ value: Span<UInt8>) {
        open(label)
        for index in value.indices {
            switch value[index] {
            case UInt8(ascii: "\\"): text.append("\\\\")
            case UInt8(ascii: "\""): text.append("\\\"")
            case UInt8(ascii: "\n"): text.append("\\n")
            default: text.append(value[index])
            }
        }
        text.append("\"")
    }

    private mutating func open(_ label: StaticString) {
        if !isInSample { beginSample(kind.suffix) }
        text.append(hasLabels ? "," : "{")
        hasLabels = true
        text.append(label)
        text.append("=\"")
    }

    private mutating func beginSample(_ suffix: StaticString) {
        text.append(name)
        text.append(suffix)
        isInSample = true
        hasLabels = false
    }

    // MARK: Values, each the end of its sample

    public mutating func value(_ value: UInt64) {
        endLabels()
        text.append(decimal: value)
        text.append("\n")
    }

    public mutating func value(_ isOn: Bool) { value(isOn ? 1 : 0) }

    /// A number in units of 10^-`decimals`.
    public mutating func value(_ value: Int64, decimals: Int) {
        endLabels()
        text.append(fixed: value, decimals: decimals)
        text.append("\n")
    }

    /// Seconds.
    public mutating func value(nanoseconds: Int64) { value(nanoseconds, decimals: 9) }

    private mutating func endLabels() {
        if !isInSample { beginSample(kind.suffix) }
        text.append(hasLabels ? "} " : " ")
        isInSample = false
        hasLabels = false
    }

    /// The samples of a histogram of seconds. The limits of its buckets are those of octaves, from
    /// 4 µs to 17 s: there the histogram knows exactly how many lie at or below.
    public mutating func histogram(_ histogram: borrowing LatencyHistogram) {
        precondition(kind == .histogram && !isInSample, "a histogram is one of its family")
        histogram.forEachOctave(11..<34) { limit, count in
            beginSample("_bucket")
            text.append("{le=\"")
            text.append(fixed: Int64(clamping: limit), decimals: 9)
            text.append("\"")
            hasLabels = true
            value(count)
        }
        beginSample("_bucket")
        text.append("{le=\"+Inf\"")
        hasLabels = true
        value(histogram.count)
        beginSample("_sum")
        value(nanoseconds: Int64(clamping: histogram.sum))
        beginSample("_count")
        value(histogram.count)
    }

    /// The text is complete. False when it had no room.
    public mutating func finish() -> Bool {
        precondition(!isInSample, "a sample has a value before the end")
        text.append("# EOF\n")
        return !text.overflowed
    }

    /// Lends the text.
    public borrowing func withBytes<Result>(_ body: (Span<UInt8>) -> Result) -> Result {
        text.withBytes { body($0) }
    }
}
