import Bytes
import Credentials
import Time

/// What the log says of keys. No byte of a secret is in it: a key is named by the first and last
/// four characters of its id.
enum CredentialText {
    /// `sinks` says whose key it is: `sink cloud`.
    static func line(_ report: CredentialReport, of sinks: String) -> (LogLevel, String) {
        switch report {
        case .obtained(let key, let place, let life):
            (
                .notice,
                "\(sinks): access key \(key.shortID) from \(place)" + until(key, life, ", ")
            )
        case .missing(let error):
            (.warning, "\(sinks): \(error.line) Records stay in the ring until there is a key.")
        case .notRenewed(let error, let key, let life):
            (
                .warning,
                "\(sinks): \(error.line) The key at hand, \(key.shortID), is used on"
                    + until(key, life, " ") + "."
            )
        case .ended(let key):
            (
                .error,
                "\(sinks): the access key \(key.shortID) has ended and there is no other; "
                    + "records stay in the ring until there is"
            )
        case .refused(let key):
            (
                .warning,
                "\(sinks): the service does not take the access key \(key.shortID); its source "
                    + "is asked again"
            )
        }
    }

    /// `until 2025-07-15T17:10:33Z, 12 min from now`
    private static func until(_ key: AccessKey, _ life: Int64?, _ link: String) -> String {
        guard let end = key.expiryWallMicroseconds else { return "" }
        var time = FixedBuffer(capacity: 32)
        time.append(timestamp: end)
        let text = link + "until " + String(decoding: time.bytes).prefix(19) + "Z"
        guard let life else { return text + " by its source's clock" }
        return text + ", \(duration(life)) from now"
    }

    private static func duration(_ nanoseconds: Int64) -> String {
        let seconds = nanoseconds / 1_000_000_000
        if seconds < 120 { return "\(seconds) s" }
        return seconds < 7_200 ? "\(seconds / 60) min" : "\(seconds / 3_600) h"
    }
}
