internal import Bytes
internal import CCurl

/// What is remembered of a response's header lines, which libcurl hands over one by one.
struct ResponseHead {
    private enum RetryAfter {
        case seconds(Int)
        case date(Int64)
    }

    private(set) var serverTimeSeconds: Int64?
    private var retryAfter: RetryAfter?
    /// The body says of itself that it is HTML.
    private(set) var isPage = false
    /// The blank line has been seen: what follows are trailers, which say nothing to us.
    private var isComplete = false
    /// Names of further headers, in small letters and with their colon, and what they said.
    private let keptNames: [StaticString]
    private(set) var keptValues: [String?]

    init(keeping names: [StaticString] = []) {
        keptNames = names
        keptValues = names.map { _ in nil }
    }

    /// Takes one line with its line end. A status line begins a new head: an interim response
    /// (1xx) may come before the final one.
    mutating func take(_ line: Span<UInt8>) {
        if Self.hasPrefix(line, "http/") {
            self = ResponseHead(keeping: keptNames)
        } else if isComplete {
            return
        } else if Self.trimmed(line, from: 0).isEmpty {
            isComplete = true
        } else if Self.hasPrefix(line, "date:") {
            serverTimeSeconds = Self.seconds(Self.trimmed(line, from: 5))
        } else if Self.hasPrefix(line, "content-type:") {
            isPage = Self.hasPrefix(Self.trimmed(line, from: 13), "text/html")
        } else if Self.hasPrefix(line, "retry-after:") {
            let value = Self.trimmed(line, from: 12)
            if let number = value.parseDecimal() {
                retryAfter = .seconds(Int(clamping: number))
            } else if let date = Self.seconds(value) {
                retryAfter = .date(date)
            }
        } else {
            keep(line)
        }
    }

    private mutating func keep(_ line: Span<UInt8>) {
        for index in keptNames.indices where Self.hasPrefix(line, keptNames[index]) {
            let value = Self.trimmed(line, from: keptNames[index].utf8CodeUnitCount)
            keptValues[index] = String(decoding: value)
        }
    }

    /// `wallSeconds` is this machine's clock, used where the server does not tell its own.
    func retryAfterSeconds(wallSeconds: Int64) -> Int? {
        switch retryAfter {
        case nil: nil
        case .seconds(let seconds): seconds
        case .date(let date): Int(clamping: max(0, date - (serverTimeSeconds ?? wallSeconds)))
        }
    }

    private static func hasPrefix(_ line: Span<UInt8>, _ prefix: StaticString) -> Bool {
        guard line.count >= prefix.utf8CodeUnitCount else { return false }
        for index in 0..<prefix.utf8CodeUnitCount {
            // Lower case: bit 5, for letters; the colon and the slash have it set already.
            guard unsafe line[index] | 0x20 == prefix.utf8Start[index] else { return false }
        }
        return true
    }

    /// The bytes from `start` on, without blanks around them.
    @_lifetime(copy line)
    private static func trimmed(_ line: Span<UInt8>, from start: Int) -> Span<UInt8> {
        var first = start
        var end = line.count
        while first < end, line[first] <= 0x20 { first += 1 }
        while end > first, line[end - 1] <= 0x20 { end -= 1 }
        return line.extracting(first..<end)
    }

    /// The time that an HTTP date names, seconds since 1970; nil for anything else. libcurl
    /// reads all three forms of RFC 9110 section 5.6.7, the longest of which has 33 characters.
    private static func seconds(_ text: Span<UInt8>) -> Int64? {
        guard text.count > 0, text.count < 64 else { return nil }
        var terminated = InlineArray<64, CChar>(repeating: 0)
        for index in text.indices { terminated[index] = CChar(bitPattern: text[index]) }
        let characters = terminated.span
        let time = unsafe characters.withUnsafeBufferPointer { buffer in
            unsafe curl_getdate(buffer.baseAddress, nil)
        }
        return time < 0 ? nil : Int64(time)
    }
}
