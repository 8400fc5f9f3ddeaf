import Testing

/// All tests of faults, one after the other: their times are their own.
@Suite("Faults", .serialized)
enum Faults {}
