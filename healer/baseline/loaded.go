package baseline

// Unowned forgets who owns what a login made: what was loaded into a scratch
// database belongs to whoever loaded it, which says nothing of the database that
// it is declared for.
func (s Schema) Unowned(login string) Schema {
	out := s
	out.Objects = nil
	for _, o := range s.Objects {
		if o.Owner == login {
			o.Owner = ""
		}
		// Who owns the schemas of every new database is the server's choice.
		if o.Schema == "public" && (o.Kind == KindSchema || o.Kind == KindSchemaGrant) {
			continue
		}
		out.Objects = append(out.Objects, o)
	}
	return out
}
