import RecordRing
import TestSupport

/// A card below a page cache, byte for byte: what was written is read at once, and survives a
/// power cut for sure only after a sync. Until then each 512-byte sector may hold what it held at
/// the last sync, anything that was written to it since, or a mix of two of these.
struct ModelDisk {
    static let sectorBytes = 512

    /// A sector that was written since the last sync.
    struct Pending {
        let sector: Int
        /// What it held after each write, oldest first.
        var versions: [[UInt8]]
    }

    /// What every power cut leaves.
    private(set) var durable: [UInt8]
    /// What a reader sees.
    private(set) var cache: [UInt8]
    private(set) var pending: [Pending] = []
    /// Places in `pending` of the sectors that the last write touched.
    private(set) var lastTouched: [Int] = []
    /// Writes and syncs that were recorded.
    private(set) var operations = 0

    /// A card with these bytes on it.
    init(bytes: [UInt8]) {
        durable = bytes
        cache = bytes
    }

    /// A new ring, as `RingFile` lays it: zeros and a header.
    init(geometry: RingGeometry) {
        var bytes = [UInt8](repeating: 0, count: Int(geometry.fileBytes))
        var header = bytes.mutableSpan
        RingHeader(geometry: geometry).encode(into: &header)
        self.init(bytes: bytes)
    }

    mutating func write(_ bytes: ArraySlice<UInt8>, at offset: UInt64) {
        operations += 1
        guard !bytes.isEmpty else { return }
        let first = Int(offset)
        cache.replaceSubrange(first..<first + bytes.count, with: bytes)
        lastTouched = []
        for sector in first / Self.sectorBytes...(first + bytes.count - 1) / Self.sectorBytes {
            let start = sector * Self.sectorBytes
            let version = Array(cache[start..<min(start + Self.sectorBytes, cache.count)])
            if let place = pending.firstIndex(where: { $0.sector == sector }) {
                pending[place].versions.append(version)
                lastTouched.append(place)
            } else {
                lastTouched.append(pending.count)
                pending.append(Pending(sector: sector, versions: [version]))
            }
        }
    }

    mutating func sync() {
        operations += 1
        for item in pending { place(item.versions[item.versions.count - 1], at: item.sector) }
        pending = []
        lastTouched = []
    }

    /// The sync fails, and the system forgets what it could not write: each sector has reached
    /// the card, in any of its versions, or never will. Readers still see what was written.
    mutating func failSync(_ random: inout SeededRandom) {
        operations += 1
        for item in pending where Bool.random(using: &random) {
            place(item.versions.randomElement(using: &random) ?? [], at: item.sector)
        }
        pending = []
        lastTouched = []
    }

    /// Readers see the card from now on.
    mutating func forgetCached() { cache = durable }

    private mutating func place(_ version: [UInt8], at sector: Int) {
        let start = sector * Self.sectorBytes
        durable.replaceSubrange(start..<start + version.count, with: version)
    }

    /// What a pending sector holds after the cut: `version` counts from 0, the synced one. With
    /// `split`, only the bytes in front of it (or, `isBackNew`, those behind it) are of this
    /// version; the others are of the one before.
    struct Choice {
        var version: Int
        var split: Int?
        var isBackNew = false
    }

    /// The card after a power cut, with one choice a pending sector.
    func bytes(_ choices: [Choice]) -> [UInt8] {
        var bytes = durable
        for (item, choice) in zip(pending, choices) where choice.version > 0 {
            let start = item.sector * Self.sectorBytes
            let new = item.versions[choice.version - 1]
            let old =
                choice.version > 1
                ? item.versions[choice.version - 2][...] : durable[start..<start + new.count]
            let split = min(choice.split ?? new.count, new.count)
            let (front, back) = choice.isBackNew ? (old, new[...]) : (new[...], old)
            let isWhole = choice.split == nil
            bytes.replaceSubrange(
                start..<start + new.count,
                with: isWhole ? new[...] : front.prefix(split) + back.dropFirst(split))
        }
        return bytes
    }
}
