package baseline

import (
	"fmt"
	"strings"
)

// owned reports whether a sequence is a column's: then it has its table's owner,
// and gets another one with it.
func (c *comparison) owned(o *Object) bool {
	return o.Kind == KindSequence && c.have[Key{KindSequenceOwner, o.Schema, "", o.Name}] != nil
}

// ownership gives a thing back to its owner, as the present one: PostgreSQL
// asks that it may become the other, and so it gains no right that it has not.
// A guard of the rule says which GRANT is missing.
func (c *comparison) ownership(d *Difference, o, now *Object) {
	word, name := strings.ToUpper(string(o.Kind)), qualified(o.Schema, o.Name)
	lock := exclusive(name)
	switch o.Kind {
	case KindSchema:
		d.do("ALTER SCHEMA "+ident(o.Name)+" OWNER TO "+ident(o.Owner), "")
		d.Manual = "who owns a schema may drop all that is in it: run it yourself, or approve a new baseline"
		return
	case KindFunction, KindProcedure, KindAggregate:
		word, name, lock = "ROUTINE", qualified(o.Schema, o.Detail["name"])+"("+o.Detail["types"]+")", ""
		if o.Kind == KindAggregate {
			d.Manual = "pgmend does not keep the whole definition of an aggregate, so neither its owner's name for it: ALTER AGGREGATE … OWNER TO " + ident(o.Owner)
			return
		}
	case KindType:
		word, lock = typeWord(o), ""
	}
	alter := "ALTER " + word + " " + name + " OWNER TO "
	d.do(alter+ident(o.Owner), lock)
	d.ToOwner = o.Owner
	d.hazard("its code runs with the rights of %s from then on, and %s has only what was granted", o.Owner, now.Owner)
	d.back(alter + ident(now.Owner))
	// What was granted to the new owner is no grant any more once it owns it.
	for _, p := range c.grantsOf(now, ident(o.Owner)) {
		on, to := grantee(p)
		if p.Kind == KindColumnGrant {
			d.Manual = fmt.Sprintf("the %s would stay as one to the owner itself, and not be told from it again: revoke it, or run the statement yourself", p.Key)
		}
		for _, one := range privileges(p) {
			d.Undo = append(d.Undo, Statement{SQL: grantSQL(one, on, to, p.Detail["column"])})
		}
	}
}

// grantsOf are the grants of a thing to one role, as they are now, in order.
func (c *comparison) grantsOf(now *Object, role string) []*Object {
	var out []*Object
	for i := range c.there {
		p := &c.there[i]
		if !strings.HasSuffix(string(p.Kind), " grant") || p.Kind == KindSchemaGrant || p.Schema != now.Schema || p.Table != now.Name {
			continue
		}
		if _, to := grantee(p); to == role && p.Detail["public"] == "" {
			out = append(out, p)
		}
	}
	return out
}

// healExtension makes an extension, in the version of the baseline. A guard of
// the rule asks whether that is to be had, and may be made.
func healExtension(d *Difference, o, now *Object) {
	version := strings.TrimPrefix(o.Definition, "version ")
	if now != nil {
		d.Manual = fmt.Sprintf("it is of the %s, and the baseline has the %s: extension/outdated updates one, and no script leads back; approve a new baseline", now.Definition, o.Definition)
		return
	}
	d.do("CREATE EXTENSION "+ident(o.Name)+" SCHEMA "+ident(o.Schema)+" VERSION "+literal(version), "")
	d.back("DROP EXTENSION " + ident(o.Name))
	d.Version = version
	d.hazard("it runs the script of its package")
	d.Loses = "what depended on it and was dropped with it; that comes back by itself, without its data"
}
