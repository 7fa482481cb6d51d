namespace Kv.Kubernetes.Crds;

/// <summary>Short names of a kind, for <c>kubectl get</c>.</summary>
[AttributeUsage(AttributeTargets.Class)]
public sealed class KubernetesEntityShortNamesAttribute(params string[] shortNames) : Attribute
{
    public IReadOnlyList<string> ShortNames => shortNames;
}

/// <summary>Groups of kinds that it is listed with, as <c>all</c>.</summary>
[AttributeUsage(AttributeTargets.Class)]
public sealed class KubernetesEntityCategoriesAttribute(params string[] categories) : Attribute
{
    public IReadOnlyList<string> Categories => categories;
}

/// <summary>A column of <c>kubectl get</c>; those of a priority above 0 only show with <c>-o wide</c>.</summary>
[AttributeUsage(AttributeTargets.Class, AllowMultiple = true)]
public sealed class GenericAdditionalPrinterColumnAttribute(string jsonPath, string name, string type) : Attribute
{
    public string JsonPath => jsonPath;

    public string Name => name;

    public string Type => type;

    public string? Description { get; init; }

    public int Priority { get; init; }
}

/// <summary>Makes <c>kubectl scale</c> and autoscalers work.</summary>
[AttributeUsage(AttributeTargets.Class)]
public sealed class ScaleSubresourceAttribute(string specReplicasPath, string statusReplicasPath) : Attribute
{
    public string SpecReplicasPath => specReplicasPath;

    public string StatusReplicasPath => statusReplicasPath;

    public string? LabelSelectorPath { get; init; }
}

/// <summary>A rule in CEL, and what a person is told whose object breaks it.</summary>
[AttributeUsage(AttributeTargets.Class | AttributeTargets.Property, AllowMultiple = true)]
public sealed class ValidationRuleAttribute(string rule, string message) : Attribute
{
    public string Rule => rule;

    public string Message => message;
}

[AttributeUsage(AttributeTargets.Property)]
public sealed class RequiredAttribute : Attribute;

[AttributeUsage(AttributeTargets.Property)]
public sealed class RangeMinimumAttribute(double minimum) : Attribute
{
    public double Minimum => minimum;
}

[AttributeUsage(AttributeTargets.Property)]
public sealed class RangeMaximumAttribute(double maximum) : Attribute
{
    public double Maximum => maximum;
}

[AttributeUsage(AttributeTargets.Property)]
public sealed class PatternAttribute(string pattern) : Attribute
{
    public string Pattern => pattern;
}

/// <summary>Bounds of the length of a text; the upper one also bounds what a rule in CEL may cost.</summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class LengthAttribute(int minimum, int maximum) : Attribute
{
    public int Minimum => minimum;

    public int Maximum => maximum;
}

/// <summary>The most members that a list or map may have.</summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class ItemsMaximumAttribute(int maximum) : Attribute
{
    public int Maximum => maximum;
}

/// <summary>What the texts of a list have to look like, and how long they may be.</summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class ItemPatternAttribute(string pattern, int lengthMaximum) : Attribute
{
    public string Pattern => pattern;

    public int LengthMaximum => lengthMaximum;
}

/// <summary>A list whose members are told apart by these fields.</summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class XListMapKeysAttribute(params string[] keys) : Attribute
{
    public IReadOnlyList<string> Keys => keys;
}

/// <summary>What is below is not described: the API server checks it where it is used.</summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class PreserveUnknownFieldsAttribute : Attribute;
