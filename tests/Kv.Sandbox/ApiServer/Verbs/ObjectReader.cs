using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using Kv.Sandbox.ApiServer.Answers;
using Kv.Sandbox.ApiServer.Requests;
using Kv.Sandbox.ApiServer.Storage;

namespace Kv.Sandbox.ApiServer.Verbs;

/// <summary>Reads one object or a list. A list in pages is read at the revision of its first page, which the token for
/// the next page carries.</summary>
internal sealed class ObjectReader(ServerParts parts)
{
    public async Task<JsonObject> GetAsync(ApiCall call)
    {
        StoredObject found = await parts.Store.GetAsync(call.Key, call.Cancelled)
            ?? throw RefusedException.NotFound(call.Type, call.Name);
        return ObjectWriter.ToServed(call.Type, found.Value);
    }

    /// <summary>The objects that a call wants, and the metadata of their list.</summary>
    public async Task<(IReadOnlyList<JsonObject> Items, JsonObject Metadata)> ListAsync(ApiCall call)
    {
        var selectors = Selectors.Parse(call.Query("labelSelector"), call.Query("fieldSelector"));
        long limit = call.Number("limit", 0);
        (long revision, string? after) = ReadPosition(call);
        string prefix = call.Type.PrefixOf(call.Namespace);
        List<JsonObject> items = [];
        StoredList page;
        do
        {
            page = await ReadPageAsync(call, prefix, after, limit == 0 ? 0 : limit - items.Count, revision);
            revision = revision == 0 ? page.Revision : revision;
            foreach (StoredObject each in page.Objects)
            {
                JsonObject served = ObjectWriter.ToServed(call.Type, each.Value);
                if (selectors.Fit(served))
                    items.Add(served);
                after = each.Key;
            }
        }
        while (limit > 0 && page.Remaining > 0 && items.Count < limit);

        JsonObject metadata = new() { ["resourceVersion"] = revision.ToString(CultureInfo.InvariantCulture) };
        if (limit > 0 && page.Remaining > 0)
        {
            metadata["continue"] = Convert.ToBase64String(Encoding.UTF8.GetBytes($"{revision}:{after}"));
            if (call.Query("labelSelector").Length == 0 && call.Query("fieldSelector").Length == 0)
                metadata["remainingItemCount"] = page.Remaining;
        }

        return (items, metadata);
    }

    private async Task<StoredList> ReadPageAsync(
        ApiCall call, string prefix, string? after, long limit, long revision)
    {
        try
        {
            return await parts.Store.ListAsync(prefix, after, limit, revision, call.Cancelled);
        }
        catch (RevisionGoneException)
        {
            throw RefusedException.Expired(
                "The provided continue parameter is too old to display a consistent list result. You can start a new "
                + "list without the continue parameter.");
        }
    }

    private static (long Revision, string? After) ReadPosition(ApiCall call)
    {
        if (call.Query("continue") is { Length: > 0 } token)
            return ParseToken(token);
        long version = call.Number("resourceVersion", 0);
        string match = call.Query("resourceVersionMatch");
        if (match.Length > 0 && !call.HasQuery("resourceVersion"))
        {
            throw RefusedException.BadRequest("resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden "
                + "unless resourceVersion is provided");
        }


        // Every list here is the newest, which is not older than any version; only an exact one is read as it was.
        return (match == "Exact" ? version : 0, null);
    }

    private static (long Revision, string? After) ParseToken(string token)
    {
        try
        {
            string text = Encoding.UTF8.GetString(Convert.FromBase64String(token));
            int colon = text.IndexOf(':', StringComparison.Ordinal);
            return (long.Parse(text[..colon], CultureInfo.InvariantCulture), text[(colon + 1)..]);
        }
        catch (Exception fault) when (fault is FormatException or ArgumentOutOfRangeException or OverflowException)
        {
            throw RefusedException.BadRequest("continue key is not valid");
        }
    }
}
