extension String {
    /// Whether `text` occurs in it, byte for byte. The standard library's own search brings its
    /// regular expressions with it, a megabyte of the binary.
    public func contains(text: String) -> Bool {
        utf8.span.firstIndex(of: text.utf8.span) != nil
    }

    /// Where `text` ends for the first time; nil where it does not occur.
    public func firstEnd(of text: String) -> Index? {
        utf8.span.firstIndex(of: text.utf8.span).map {
            utf8.index(startIndex, offsetBy: $0 + text.utf8.count)
        }
    }
}
