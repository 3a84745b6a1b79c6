/// How often a shared rung may be climbed: at once, and then after a pause that doubles as long as
/// it does not help.
struct RateLimit {
    let base: Int64
    let cap: Int64
    private(set) var last: Int64?
    private var uses = 0

    init(base: Int64, cap: Int64) {
        self.base = base
        self.cap = cap
    }

    /// The next use is allowed from then on; nil for at once.
    var allowedAt: Int64? {
        guard let last, uses > 0 else { return nil }
        return last + min(cap, base << Int64(min(uses - 1, 20)))
    }

    /// When to ask again after asking at `now`.
    func nextUse(after now: Int64) -> Int64 { max(now + base, allowedAt ?? now) }

    func allows(_ now: Int64) -> Bool { allowedAt.map { $0 <= now } ?? true }

    mutating func use(_ now: Int64) {
        // Free for long and not used: all has been well, and the pause starts small again.
        if let allowedAt, now - allowedAt >= Self.well { uses = 0 }
        last = now
        uses += 1
    }

    private static let well = 600 * second
}
