"""Checked map → `Plan`: pure data, no Pulumi, no AWS."""
