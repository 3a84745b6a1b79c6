/// Which heart rates the rows of a chart stand for: the whole height is used, and both edges
/// are multiples of five.
struct ChartScale: Equatable {
    /// The values at the lower and the upper edge, beats per minute.
    let low: Int
    let high: Int
    /// Rows of the terminal, and the dots in each: the resolution.
    let rows: Int
    let dotsPerRow: Int

    /// The least difference between the edges, so that a calm heart does not look wild.
    private static let spanMin = 40

    init(showing values: ClosedRange<Int>, rows: Int, dotsPerRow: Int) {
        low = max(0, values.lowerBound - 2) / 5 * 5
        high = max((values.upperBound + 6) / 5 * 5, low + Self.spanMin)
        self.rows = rows
        self.dotsPerRow = dotsPerRow
    }

    /// The dot nearest to a value, 0 at the lower edge.
    func dot(_ value: Int) -> Int {
        let top = rows * dotsPerRow - 1
        let shown = min(max(low, value), high)
        return ((shown - low) * top + (high - low) / 2) / (high - low)
    }

    /// The row of a value, 0 at the lower edge.
    func row(_ value: Int) -> Int { dot(value) / dotsPerRow }

    /// The values that have a label: both edges, and round values between them that stay two
    /// rows away from the edges, from each other and from `limit`, which has its own.
    func labels(besides limit: Int) -> [Int] {
        let steps = [10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 20_000]
        let step = steps.first { rows * $0 >= 3 * (high - low) } ?? 50_000
        let between = stride(from: (low / step + 1) * step, to: high, by: step)
            .filter { row($0) >= 2 && row($0) <= rows - 3 }
        return ([low, high] + between).filter { abs(row($0) - row(limit)) >= 2 }
    }
}
