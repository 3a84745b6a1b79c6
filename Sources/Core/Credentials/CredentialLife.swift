public import Time
import Uplink

/// What is worth a line about a source of keys.
public enum CredentialReport: Equatable, Sendable {
    /// A key that was not there before: the first one, or one after another. `lifeNanoseconds`
    /// is nil when its end is not known.
    case obtained(key: AccessKey, place: String, lifeNanoseconds: Int64?)
    /// There is no key. Records wait in the ring.
    case missing(CredentialError)
    /// There is no new key. The one at hand goes on, for `lifeNanoseconds` if that is known.
    case notRenewed(CredentialError, key: AccessKey, lifeNanoseconds: Int64?)
    /// The key has ended, and there is no other. Records wait in the ring.
    case ended(key: AccessKey)
    /// A service does not take the key; the source is asked again.
    case refused(key: AccessKey)
}

/// The life of one source of keys: when it is asked, and which key is used meanwhile.
///
/// ```
///              fetch due                     failed: back-off
///   no key ─────────────▶ fetching ◀───────────────────────┐
///                            │ obtained                    │
///                            ▼        ahead of the end,    │
///                        key in use ── file changed, ──────┘
///                            │         refused by a service
///                            ▼ ended for certain
///                     no key to use (asks on)
/// ```
///
/// One fetch runs at a time, for all sinks of the source. A key is used until the next one is
/// there or its end is certain (`KeyExpiry`): a failed fetch never takes it away. A refusal does
/// not either, because a new key takes seconds to be known everywhere in AWS.
public struct CredentialLife: Sendable, SecretHolder {
    /// What the owner has to do.
    public enum Action: Equatable, Sendable {
        /// Search for a key; answer with `obtained` or `failed`.
        case fetch
        /// Look at the files of the last search; answer with `looked`.
        case look
    }

    /// A key in use.
    private struct Held: SecretHolder {
        var obtained: ObtainedKey
        var expiry: KeyExpiry
        /// How long before its end the next one is asked for.
        var aheadNanoseconds: Int64
        var version: UInt64
    }

    private enum Work { case none, fetch, look }

    /// AWS's own tools renew a quarter of an hour before the end (botocore, "advisory" refresh).
    static let aheadNanosecondsMax: Int64 = 900_000_000_000
    /// A key with an end that no clock here knows is replaced this often.
    static let unknownNanoseconds: Int64 = 300_000_000_000
    /// No two fetches begin closer together.
    static let betweenFetchesNanoseconds: Int64 = 1_000_000_000

    private var held: Held?
    private var work = Work.none
    /// Counts keys, so that a signer sees that there is another.
    private var version: UInt64 = 0
    private var random: RandomSource
    private var backoff = Backoff(
        baseNanoseconds: 2_000_000_000, capNanoseconds: 60_000_000_000)
    /// After a failed fetch, not before this.
    private var retryDue: Int64 = 0
    private var lastFetch: Int64 = Int64.min / 2
    /// A reason to ask that is no date: a file has changed, a service has refused.
    private var wantsFetch = true
    /// Refusals in a row, by whatever key: a service may refuse each of them.
    private var refusals = Backoff(
        baseNanoseconds: 2_000_000_000, capNanoseconds: 60_000_000_000)
    private var watch = FileWatch()
    private var saidError: CredentialError?
    private var hasSaidEnd = false
    private var reports: [CredentialReport] = []

    public init(seed: UInt64) {
        random = RandomSource(seed: seed)
    }

    /// The key to sign with; nil while there is none. The number changes with the key.
    public func usable(now: Moment, clock: ClockState) -> (key: AccessKey, version: UInt64)? {
        guard let held, !held.expiry.hasEnded(now: now, clock: clock) else { return nil }
        return (held.obtained.key, held.version)
    }

    /// When the key that is held ends, microseconds since 1970; nil without one, or where it does
    /// not end.
    public var expiryWallMicroseconds: Int64? { held?.obtained.key.expiryWallMicroseconds }

    public var isFetching: Bool { work == .fetch }

    // MARK: Inputs

    /// The search has found a key. `stamps` are those of the files that it read, taken before.
    public mutating func obtained(
        _ found: ObtainedKey, stamps: [FileStamp], now: Moment, clock: ClockState
    ) {
        end(.fetch, stamps, now)
        // A provider that gives an ended key again knows that it works on; a file does not.
        if let held, held.obtained.key == found.key, found.serverWallMicroseconds == nil,
            held.expiry.hasEnded(now: now, clock: clock)
        {
            retryDue = now.monotonicNanoseconds + wait()
            return
        }
        backoff.succeed()
        retryDue = 0
        wantsFetch = false
        let isNew = held?.obtained.key != found.key || hasSaidEnd
        if held?.obtained.key != found.key { version += 1 }
        let expiry = KeyExpiry(
            wallMicroseconds: found.key.expiryWallMicroseconds, obtained: now.monotonicNanoseconds,
            serverWallMicroseconds: found.serverWallMicroseconds)
        let life = Self.life(expiry, now, clock)
        held = Held(
            obtained: found, expiry: expiry, aheadNanoseconds: ahead(of: life), version: version)
        hasSaidEnd = false
        if isNew || saidError != nil {
            reports.append(.obtained(key: found.key, place: found.place, lifeNanoseconds: life))
        }
        saidError = nil
    }

    /// The search has found none.
    public mutating func failed(
        _ error: CredentialError, stamps: [FileStamp], now: Moment, clock: ClockState
    ) {
        end(.fetch, stamps, now)
        retryDue = now.monotonicNanoseconds + wait()
        guard !error.hasCause(of: saidError) else { return }
        saidError = error
        if let held, !held.expiry.hasEnded(now: now, clock: clock) {
            reports.append(
                .notRenewed(
                    error, key: held.obtained.key,
                    lifeNanoseconds: Self.life(held.expiry, now, clock)))
        } else {
            reports.append(.missing(error))
        }
    }

    /// The files of the last search are so now.
    public mutating func looked(_ stamps: [FileStamp], now: Moment, clock: ClockState) {
        precondition(work == .look, "a look is answered that was asked for")
        work = .none
        let isPatient = usable(now: now, clock: clock) != nil
        guard watch.look(stamps, isPatient: isPatient, now: now.monotonicNanoseconds) else {
            return
        }
        wantsFetch = true
        retryDue = 0
    }

    /// A service has refused what was signed with the key of this version: expired, unknown, or
    /// with a signature that does not fit.
    public mutating func refused(version: UInt64, now: Moment) {
        // One that waits for its turn already is no news.
        guard let held, held.version == version, !isFetching, !wantsFetch else { return }
        let isFirst = refusals.failures == 0
        let wait = refusals.fail(atLeast: Self.betweenFetchesNanoseconds, random: &random)
        retryDue = now.monotonicNanoseconds + (isFirst ? 0 : wait)
        wantsFetch = true
        if isFirst { reports.append(.refused(key: held.obtained.key)) }
    }

    /// A service has taken what was signed with the key of this version.
    public mutating func accepted(version: UInt64) {
        if held?.version == version { refusals.succeed() }
    }

    // MARK: Outputs

    /// What has to be done now; nil when there is nothing before `deadline`.
    public mutating func nextAction(now: Moment, clock: ClockState) -> Action? {
        if let held, !hasSaidEnd, held.expiry.hasEnded(now: now, clock: clock) {
            hasSaidEnd = true
            reports.append(.ended(key: held.obtained.key))
        }
        guard work == .none else { return nil }
        if let due = fetchDue(now: now, clock: clock), due <= now.monotonicNanoseconds {
            work = .fetch
            lastFetch = now.monotonicNanoseconds
            return .fetch
        }
        if !watch.isIdle, watch.due <= now.monotonicNanoseconds {
            work = .look
            return .look
        }
        return nil
    }

    public mutating func nextReport() -> CredentialReport? {
        reports.isEmpty ? nil : reports.removeFirst()
    }

    /// The monotonic time at which there may be something to do or a key ends; nil for never.
    public func deadline(now: Moment, clock: ClockState) -> Int64? {
        var earliest: Int64?
        func take(_ time: Int64?) {
            if let time { earliest = min(earliest ?? time, time) }
        }
        if work == .none {
            take(fetchDue(now: now, clock: clock))
            if !watch.isIdle { take(watch.due) }
        }
        if let held, !hasSaidEnd,
            case .at(let end, isCertain: true) = held.expiry.judge(now: now, clock: clock)
        {
            take(end)
        }
        return earliest
    }

    // MARK: Times

    /// How long to wait after a fetch in vain.
    private mutating func wait() -> Int64 {
        backoff.fail(atLeast: Self.betweenFetchesNanoseconds, random: &random)
    }

    private func fetchDue(now: Moment, clock: ClockState) -> Int64? {
        let floor = max(retryDue, lastFetch + Self.betweenFetchesNanoseconds)
        guard let held, !wantsFetch else { return floor }
        switch held.expiry.judge(now: now, clock: clock) {
        case .never: return nil
        case .unknown: return max(floor, held.expiry.obtained + Self.unknownNanoseconds)
        case .at(let end, _): return max(floor, end - held.aheadNanoseconds)
        }
    }

    /// How long before its end a key of this life is replaced: a third of the life, a quarter of
    /// an hour at most, and up to a quarter of that earlier, so that a hundred gateways that were
    /// switched on together do not ask together.
    private mutating func ahead(of life: Int64?) -> Int64 {
        let whole = min(Self.aheadNanosecondsMax, max(0, life ?? 0) / 3)
        return whole + Int64.random(in: 0...whole / 4, using: &random)
    }

    /// Nanoseconds that are left; nil when that is not known.
    private static func life(_ expiry: KeyExpiry, _ now: Moment, _ clock: ClockState) -> Int64? {
        guard case .at(let end, _) = expiry.judge(now: now, clock: clock) else { return nil }
        return max(0, end - now.monotonicNanoseconds)
    }

    private mutating func end(_ ended: Work, _ stamps: [FileStamp], _ now: Moment) {
        precondition(work == ended, "what ends was asked for")
        work = .none
        watch.note(read: stamps, now: now.monotonicNanoseconds)
    }
}
