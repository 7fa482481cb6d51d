using System.Text.Json;
using System.Text.Json.Nodes;
using Kv.Kubernetes;
using Kv.Kubernetes.Json;
using Kv.Kubernetes.Models;

namespace Kv.Operator.Tests.Kubernetes;

public sealed class ModelTests
{
    [Fact]
    public void What_a_newer_server_has_put_into_an_object_survives_reading_and_writing()
    {
        const string Pod = """
            {"apiVersion":"v1","kind":"Pod","metadata":{"name":"a","namespace":"n","uid":"u","futureMeta":{"x":[1]}},
             "spec":{"containers":[{"name":"c","futureField":{"deep":true},"resources":{"limits":{"cpu":"500m"}}}],
                     "volumes":[{"name":"v","nfs":{"server":"s","path":"/"}}]},
             "status":{"phase":"Running","podIP":"10.0.0.1","podIPs":[{"ip":"10.0.0.1"}],"hostIP":"h"},
             "extra":[null,2.50]}
            """;

        var read = KubernetesJson.Deserialize<V1Pod>(Pod);

        Assert.True(JsonNode.DeepEquals(JsonNode.Parse(Pod), KubernetesJson.SerializeToNode(read)));
        Assert.Equal("10.0.0.1", read.Status.PodIPs?[0].Ip);
        Assert.Equal("n", read.Namespace());
    }

    [Fact]
    public void A_new_object_says_its_kind_and_has_no_field_that_was_not_set()
    {
        var lease = new V1Lease { Metadata = { Name = "l" } };

        Assert.Equal(
            """{"apiVersion":"coordination.k8s.io/v1","kind":"Lease","metadata":{"name":"l"},"spec":{}}""",
            KubernetesJson.Serialize(lease));
    }

    [Theory]
    [InlineData("2026-11-23T05:00:01Z", 0)]
    [InlineData("2026-11-23T05:00:01.5Z", 5_000_000)]
    [InlineData("2026-11-23T05:00:01.123456Z", 1_234_560)]
    [InlineData("2026-11-23T05:00:01.123456789Z", 1_234_568)]
    [InlineData("2026-11-23T07:00:01.000000000+02:00", 0)]
    public void Times_are_read_with_any_number_of_digits(string text, long ticksOfSecond)
    {
        var meta = KubernetesJson.Deserialize<V1ObjectMeta>($$"""{"creationTimestamp":"{{text}}"}""");

        var expected = new DateTime(2026, 11, 23, 5, 0, 1, DateTimeKind.Utc).AddTicks(ticksOfSecond);
        Assert.Equal(DateTimeKind.Utc, meta.CreationTimestamp!.Value.Kind);
        Assert.InRange((meta.CreationTimestamp.Value - expected).Ticks, -10, 10);
        Assert.Contains("2026-11-23T05:00:01Z", KubernetesJson.Serialize(meta), StringComparison.Ordinal);
    }

    [Fact]
    public void The_times_of_a_lease_are_written_with_six_digits()
    {
        var spec = new V1LeaseSpec { RenewTime = new DateTime(2026, 1, 2, 3, 4, 5, DateTimeKind.Utc) };

        Assert.Equal("""{"renewTime":"2026-01-02T03:04:05.000000Z"}""", KubernetesJson.Serialize(spec));
    }

    [Fact]
    public void What_is_not_a_time_is_refused_as_bad_JSON() =>
        Assert.Throws<JsonException>(() =>
            KubernetesJson.Deserialize<V1ObjectMeta>("""{"creationTimestamp":"soon"}"""));

    [Fact]
    public void An_empty_list_written_as_null_is_an_empty_list()
    {
        var list = KubernetesJson.Deserialize<KubernetesList<V1Pod>>("""{"metadata":{},"items":null}""");

        Assert.Empty(list.Items);
    }

    [Theory]
    [InlineData("25%", false)]
    [InlineData("2", false)]
    [InlineData(2, true)]
    public void A_number_stays_a_number_and_a_text_a_text(object value, bool isInt)
    {
        string json = JsonSerializer.Serialize(value);

        var read = KubernetesJson.Deserialize<IntOrString>(json);

        Assert.Equal(isInt, read.IsInt);
        Assert.Equal(json, KubernetesJson.Serialize(read));
    }

    [Theory]
    [InlineData("1Gi", "1024Mi")]
    [InlineData("500m", "0.5")]
    [InlineData("1e3", "1k")]
    [InlineData("1E", "1000P")]
    [InlineData("1E3", "1000")]
    [InlineData("100n", "0.1u")]
    [InlineData("1.5Gi", "1536Mi")]
    [InlineData("+2", "2")]
    public void Amounts_are_equal_if_their_values_are(string left, string right)
    {
        Assert.Equal(new ResourceQuantity(left), new ResourceQuantity(right));
        Assert.Equal(new ResourceQuantity(left).GetHashCode(), new ResourceQuantity(right).GetHashCode());
    }

    [Fact]
    public void Amounts_are_ordered_by_value_not_by_text()
    {
        Assert.True(new ResourceQuantity("9Gi") < new ResourceQuantity("10Gi"));
        Assert.True(new ResourceQuantity("1G") < new ResourceQuantity("1Gi"));
        Assert.Equal(1, new ResourceQuantity("1m").ToInt64());
    }

    [Theory]
    [InlineData("")]
    [InlineData("Gi")]
    [InlineData("1 Gi")]
    [InlineData("1gi")]
    [InlineData("1Kib")]
    [InlineData(" 1")]
    [InlineData("9999999999999999999Ei")]
    public void What_is_no_amount_is_kept_but_has_no_value(string text)
    {
        Assert.False(ResourceQuantity.TryParse(text, out _));
        var read = KubernetesJson.Deserialize<ResourceQuantity>(JsonSerializer.Serialize(text));
        Assert.Equal(text, read.Value);
        Assert.Throws<FormatException>(() => read.ToDecimal());
    }

    [Fact]
    public void A_schema_says_additional_properties_as_a_schema_or_as_a_choice()
    {
        const string Schema = """{"type":"object","additionalProperties":{"type":"string"},"default":{"a":1}}""";

        var read = KubernetesJson.Deserialize<V1JSONSchemaProps>(Schema);
        Assert.Equal("string", read.AdditionalProperties?.Schema?.Type);
        Assert.False(KubernetesJson.Deserialize<V1JSONSchemaProps>("""{"additionalProperties":false}""")
            .AdditionalProperties?.Allows);
        Assert.True(JsonNode.DeepEquals(JsonNode.Parse(Schema), KubernetesJson.SerializeToNode(read)));
    }

    [Fact]
    public void A_copy_shares_nothing_with_the_original()
    {
        var secret = new V1Secret { Data = new Dictionary<string, byte[]> { ["k"] = [1, 2] } };

        var copy = KubernetesJson.Clone(secret);
        copy.Data!["k"][0] = 9;

        Assert.Equal(1, secret.Data["k"][0]);
    }
}
