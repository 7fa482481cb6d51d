using System.Buffers.Binary;
using System.Globalization;

namespace Kv.Testing;

/// <summary>A span that was exported.</summary>
/// <param name="ParentId">Empty for the first of a trace.</param>
/// <param name="Kind">1 is of something internal, 2 of what a server does.</param>
/// <param name="StatusCode">2 is an error.</param>
public sealed record CollectedSpan(
    string TraceId, string SpanId, string ParentId, string Name, int Kind, ulong Start, ulong End, int StatusCode)
{
    public required IReadOnlyDictionary<string, string> Tags { get; init; }

    public required IReadOnlyDictionary<string, string> Resource { get; init; }

    /// <summary>Their names.</summary>
    public required IReadOnlyList<string> Events { get; init; }

    public override string ToString() =>
        $"{Name} {TraceId[..8]}/{SpanId[..8]} under {ParentId} [{string.Join(' ', Tags)}]";
}

/// <summary>A number that was exported.</summary>
/// <param name="Value">Of a histogram, how many it has counted.</param>
public sealed record CollectedPoint(
    string Metric,
    IReadOnlyDictionary<string, string> Tags,
    double Value,
    IReadOnlyDictionary<string, string> Resource)
{
    /// <summary>Null unless it is a histogram.</summary>
    public CollectedHistogram? Histogram { get; init; }
}

/// <summary>A histogram that was exported, since when its process exports.</summary>
/// <param name="Counts">One more than there are bounds; each without those of the buckets below.</param>
public sealed record CollectedHistogram(double Sum, IReadOnlyList<double> Bounds, IReadOnlyList<ulong> Counts);

/// <summary>Reads requests of OTLP by the field numbers that opentelemetry-proto publishes.</summary>
public static class OtlpBody
{
    public static IEnumerable<CollectedSpan> Spans(ReadOnlyMemory<byte> request) =>
        from resourceSpans in Parts(request, 1)
        let resource = Tags(Part(resourceSpans, 1), 1)
        from scopeSpans in Parts(resourceSpans, 2)
        from span in Parts(scopeSpans, 2)
        select Span(OtlpField.ReadAll(span), resource);

    public static IEnumerable<CollectedPoint> Points(ReadOnlyMemory<byte> request) =>
        from resourceMetrics in Parts(request, 1)
        let resource = Tags(Part(resourceMetrics, 1), 1)
        from scopeMetrics in Parts(resourceMetrics, 2)
        from metric in Parts(scopeMetrics, 2)
        from field in OtlpField.ReadAll(metric)
        where field.Number is 5 or 7 or 9 // gauge, sum, histogram
        from point in Parts(field.Bytes, 1)
        select Point(Part(metric, 1), point, field.Number == 9, resource);

    private static CollectedSpan Span(IReadOnlyList<OtlpField> fields, IReadOnlyDictionary<string, string> resource)
    {
        OtlpField Of(int number) => fields.FirstOrDefault(field => field.Number == number);
        string Id(int number) => Convert.ToHexStringLower(Of(number).Bytes.Span);
        IReadOnlyList<OtlpField> status = OtlpField.ReadAll(Of(15).Bytes);
        return new CollectedSpan(
            Id(1), Id(2), Id(4), Of(5).Text, (int)Of(6).Scalar, Of(7).Scalar, Of(8).Scalar,
            (int)status.FirstOrDefault(field => field.Number == 3).Scalar)
        {
            Tags = Tags(fields, 9),
            Resource = resource,
            Events = [.. fields.Where(field => field.Number == 11).Select(each => TextOf(Part(each.Bytes, 2)))],
        };
    }

    private static CollectedPoint Point(
        ReadOnlyMemory<byte> name,
        ReadOnlyMemory<byte> point,
        bool isHistogram,
        IReadOnlyDictionary<string, string> resource)
    {
        IReadOnlyList<OtlpField> fields = OtlpField.ReadAll(point);
        OtlpField number = fields.FirstOrDefault(field => field.Number is 4 or 6);
        double value = number.Number == 4 && !isHistogram ? number.Floating : (long)number.Scalar;
        return new CollectedPoint(TextOf(name), Tags(fields, isHistogram ? 9 : 7), value, resource)
        {
            Histogram = isHistogram ? Histogram(fields) : null,
        };
    }

    // Numbers of a fixed width come packed into one field, or as a field for each.
    private static CollectedHistogram Histogram(IReadOnlyList<OtlpField> fields) => new(
        fields.FirstOrDefault(field => field.Number == 5).Floating,
        [.. Numbers(fields, 7).Select(BitConverter.UInt64BitsToDouble)],
        [.. Numbers(fields, 6)]);

    private static IEnumerable<ulong> Numbers(IReadOnlyList<OtlpField> fields, int number) =>
        from field in fields
        where field.Number == number
        from each in field.Bytes.IsEmpty ? [field.Scalar] : Unpack(field.Bytes)
        select each;

    private static IEnumerable<ulong> Unpack(ReadOnlyMemory<byte> packed)
    {
        for (int at = 0; at < packed.Length; at += sizeof(ulong))
            yield return BinaryPrimitives.ReadUInt64LittleEndian(packed.Span[at..]);
    }

    private static Dictionary<string, string> Tags(ReadOnlyMemory<byte> message, int number) =>
        Tags(OtlpField.ReadAll(message), number);

    private static Dictionary<string, string> Tags(IReadOnlyList<OtlpField> fields, int number) => fields
        .Where(field => field.Number == number)
        .ToDictionary(field => TextOf(Part(field.Bytes, 1)), field => Value(Part(field.Bytes, 2)));

    private static string Value(ReadOnlyMemory<byte> any)
    {
        IReadOnlyList<OtlpField> fields = OtlpField.ReadAll(any);
        OtlpField field = fields.Count == 0 ? default : fields[0];
        return field.Number switch
        {
            1 => field.Text,
            2 => field.Scalar == 0 ? "false" : "true",
            3 => ((long)field.Scalar).ToString(CultureInfo.InvariantCulture),
            4 => field.Floating.ToString(CultureInfo.InvariantCulture),
            _ => "",
        };
    }

    private static string TextOf(ReadOnlyMemory<byte> bytes) => System.Text.Encoding.UTF8.GetString(bytes.Span);

    private static ReadOnlyMemory<byte> Part(ReadOnlyMemory<byte> message, int number) =>
        OtlpField.ReadAll(message).FirstOrDefault(field => field.Number == number).Bytes;

    private static IEnumerable<ReadOnlyMemory<byte>> Parts(ReadOnlyMemory<byte> message, int number) =>
        OtlpField.ReadAll(message).Where(field => field.Number == number).Select(field => field.Bytes);
}
