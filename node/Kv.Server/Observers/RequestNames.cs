using System.Collections.Frozen;
using System.Globalization;
using Etcdserverpb;
using Google.Protobuf.Reflection;
using Kv.Store;

namespace Kv.Server.Observers;

/// <summary>What etcd calls the requests of the log, in metrics and in log lines: by the fields of InternalRaftRequest
/// that hold them.</summary>
internal static class RequestNames
{
    private const string Unknown = "Unknown";

    private static readonly FrozenDictionary<int, FieldDescriptor> Fields =
        InternalRaftRequest.Descriptor.Fields.InFieldNumberOrder()
            .Where(field => field.FieldType == FieldType.Message)
            .ToFrozenDictionary(field => field.FieldNumber);

    /// <summary><c>Put</c>, <c>LeaseGrant</c>.</summary>
    public static string Of(int field) => Fields.TryGetValue(field, out FieldDescriptor? found)
        ? found.PropertyName
        : Unknown;

    /// <summary><c>put</c>, <c>lease_grant</c>.</summary>
    public static string FieldOf(int field) => Fields.TryGetValue(field, out FieldDescriptor? found)
        ? found.Name
        : Unknown;

    /// <summary>A request as log lines show it: what and how large, but neither keys nor values.</summary>
    public static string Describe(ReadOnlySpan<byte> entry)
    {
        if (!LoggedRequest.TryParse(entry, out LoggedRequest request)
            || !Fields.TryGetValue(request.Field, out FieldDescriptor? field))
        {
            return "";
        }

        return string.Create(
            CultureInfo.InvariantCulture, $"header:<ID:{request.Id} > {field.Name}:<size:{request.Body.Length} >");
    }
}
